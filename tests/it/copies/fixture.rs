//! A tenant with some of everything, and how to look at copies of it.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestDatabase};
use tokio_postgres::Client;

use crate::mfa;
use crate::program::{PASSWORD, Program, Server, number, owner};

pub const ADA: &str = "ada@example.com";

/// A database with a tenant `acme`: an admin with a second factor, a member, projects, a role, a flag, an API key, an invitation.
pub struct Acme {
    pub program: Program,
    pub sql: Client,
    pub api_key: String,
    pub database: TestDatabase,
}

impl Acme {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let program = Program::on(&database);
        let create = format!("tenant create acme --name Acme --admin-email {ADA} --password-stdin");
        program.run_with_password(&create).expect(0);
        let server = program.serve().ready().await;
        let token = server.token("acme", ADA).await;
        let post = async |path: &str, body: Value| {
            let request = server.request(Method::POST, path).bearer_auth(&token);
            let request = request.header("X-Tenant-ID", "acme").json(&body);
            Answer::of(request).await
        };
        let grants = json!([{ "permission": "projects:read", "extent": "tenant" }]);
        let role = json!({ "name": "auditor", "permissions": grants });
        post("/roles", role).await.expect(201);
        let bob = json!({ "email": "bob@example.com", "name": "Bob\tthe \\ 1st\n", "role": "auditor", "password": PASSWORD });
        post("/users", bob).await.expect(201);
        for name in ["moon", "mars"] {
            let project = json!({ "name": name, "description": "a\\b\n\tc" });
            post("/projects", project).await.expect(201);
        }
        let invite = json!({ "email": "eve@example.com", "role": "guest" });
        post("/invites", invite).await.expect(201);
        let key = json!({ "name": "ci", "scopes": ["projects:read"] });
        let key = post("/api-keys", key).await.expect(201);
        let setup = post("/users/me/mfa/totp", Value::Null).await.expect(201);
        let code = json!({ "code": mfa::code_of(&setup) });
        post("/users/me/mfa/totp/verify", code).await.expect(200);
        Self {
            sql: owner(&database).await,
            api_key: key["key"].as_str().unwrap().to_owned(),
            program,
            database,
        }
    }

    /// Exports it to `file`.
    pub fn export(&self, file: &Path) -> Value {
        let line = format!("tenant export acme --out {} --json", file.display());
        self.program.run(&line).expect(0).json()
    }
}

/// The schema of the tenant of this slug.
pub async fn schema_of(sql: &Client, slug: &str) -> String {
    let name = "SELECT 't_' || replace(id::text, '-', '') FROM public.tenants WHERE slug = $1";
    sql.query_one(name, &[&slug]).await.unwrap().get(0)
}

/// Until somebody waits for this table, which another transaction has locked.
pub async fn waits_for(sql: &Client, table: &str) {
    let waiting = format!(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"
    );
    let began = Instant::now();
    while number(sql, &waiting).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The rows of a tenant's table as text, sorted.
pub async fn rows(sql: &Client, slug: &str, table: &str) -> Vec<String> {
    let schema = schema_of(sql, slug).await;
    let text = format!("SELECT t::text FROM {schema}.{table} t ORDER BY 1");
    let rows = sql.query(&text, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// How many tenants, schemas of tenants and roles with rights in them there are: what a failed copy leaves as it was.
pub async fn inventory(sql: &Client) -> [i64; 3] {
    let tenants = "SELECT count(*) FROM public.tenants";
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'";
    // Roles are the whole server's, and other tests make some meanwhile.
    let roles = "SELECT count(DISTINCT r.oid) FROM pg_roles r JOIN pg_shdepend d \
                 ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid \
                 JOIN pg_database b ON b.oid = d.dbid AND b.datname = current_database() \
                 WHERE r.rolname ~ '^t_[0-9a-f]{32}$'";
    [
        number(sql, tenants).await,
        number(sql, schemas).await,
        number(sql, roles).await,
    ]
}

/// Whether the audit log of `slug` verifies for its admin, who has no second factor there; with the number of its lines.
pub async fn verified(server: &Server, slug: &str, token: &str) -> i64 {
    let request = server
        .request(Method::GET, "/audit/verify")
        .bearer_auth(token);
    let verdict = Answer::of(request.header("X-Tenant-ID", slug)).await;
    let verdict = verdict.expect(200);
    assert_eq!(verdict["valid"], true, "{verdict}");
    verdict["entries"].as_i64().unwrap()
}
