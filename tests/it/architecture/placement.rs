//! A tenant could live in another database: its schema refers to nothing shared, and no statement reads both.
//!
//! `docs/scaling.md` rests on this.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tenantry::tenancy::Sql;
use tenantry::testkit::TestTenant;

use super::Source;

/// Foreign keys of one schema, and the names of those of any schema that lead out of it.
const KEYS: Sql = Sql::new(
    "placement.keys",
    "SELECT count(*) FILTER (WHERE n.nspname = $1) AS own, \
     coalesce(string_agg(k.conname::text, ', ') FILTER (WHERE source.relnamespace <> target.relnamespace), '') AS leaving \
     FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_class source ON source.oid = k.conrelid \
     JOIN pg_catalog.pg_class target ON target.oid = k.confrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = source.relnamespace \
     WHERE k.contype = 'f'",
);

#[tokio::test]
async fn no_foreign_key_leaves_its_schema() {
    let tenant = TestTenant::new().await;
    let mut db = tenant.server().deps().tenancy.public().await.unwrap();
    let row = db.query_one(&KEYS, &[&tenant.schema()]).await.unwrap();
    assert!(row.get::<i64>("own").unwrap() > 0);
    assert_eq!(row.get::<String>("leaving").unwrap(), "");
}

#[test]
fn a_tenants_migrations_name_nothing_shared() {
    for (path, text) in tenant_migrations() {
        assert!(
            !text.contains("public."),
            "{path} names a shared table; a tenant's schema must be able to live in another database"
        );
    }
}

#[test]
fn no_statement_reads_a_shared_and_a_tenants_table() {
    let tables = tenant_tables();
    let mut found = Vec::new();
    for source in Source::read_all("src") {
        for (line, text) in &source.strings {
            if let Some(table) = mixed(text, &tables) {
                let path = &source.path;
                found.push(format!(
                    "{path}:{line}: `{table}` beside a shared table; ask each in a statement of its own"
                ));
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_statement_that_reads_both_is_found() {
    let tables = tenant_tables();
    let both = "SELECT 1 FROM public.tenants t JOIN users u ON u.id = t.id";
    assert_eq!(mixed(both, &tables), Some("users"));
    for text in [
        "SELECT 1 FROM public.tenants",
        "INSERT INTO users (id) VALUES ($1)",
        "a prose of public.tenants from users",
    ] {
        assert_eq!(mixed(text, &tables), None);
    }
}

/// The tenant's table in a statement that has a shared one as well.
fn mixed<'t>(text: &'t str, tables: &BTreeSet<String>) -> Option<&'t str> {
    if !text.contains("public.") {
        return None;
    }
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.')
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).find_map(|pair| {
        let reads = ["FROM", "JOIN", "INTO", "UPDATE"].contains(&pair[0]);
        (reads && tables.contains(pair[1])).then_some(pair[1])
    })
}

fn tenant_tables() -> BTreeSet<String> {
    let mut tables = BTreeSet::from(["refinery_schema_history".to_owned()]);
    for (_, text) in tenant_migrations() {
        let words: Vec<&str> = text.split_whitespace().collect();
        let made = words
            .windows(3)
            .filter(|words| words[..2] == ["CREATE", "TABLE"]);
        tables.extend(made.map(|words| words[2].trim_end_matches('(').to_owned()));
    }
    assert!(tables.contains("users"), "{tables:?}");
    tables
}

/// Path and text of each.
fn tenant_migrations() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["migrations/tenant", "migrations/undo/tenant"]
        .into_iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect()
}
