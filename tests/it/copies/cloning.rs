//! A tenant made of another in the same database.

use tenantry::domains::tenants::copied_tables::{CARRIED, LEFT_BEHIND};

use super::fixture::{Acme, inventory, rows};
use crate::program::number;

#[tokio::test]
async fn a_clone_has_what_its_source_has_but_for_its_credentials() {
    let acme = Acme::new().await;
    let mails = number(&acme.sql, "SELECT count(*) FROM public.mails").await;
    let made = acme
        .program
        .run("tenant clone acme sandbox --name Sandbox --json");
    let made = made.expect(0).json();
    assert_eq!(made["tenant"]["name"], "Sandbox");
    for table in CARRIED.iter().filter(|table| !table.starts_with("audit_")) {
        let (from, to) = (
            rows(&acme.sql, "acme", table).await,
            rows(&acme.sql, "sandbox", table).await,
        );
        assert_eq!(from, to, "{table}");
    }
    for (table, _) in LEFT_BEHIND {
        assert!(
            rows(&acme.sql, "sandbox", table).await.is_empty(),
            "{table}"
        );
    }
    let after = number(&acme.sql, "SELECT count(*) FROM public.mails").await;
    assert_eq!(mails, after, "a clone sends mails");
    let server = acme.program.serve().ready().await;
    server
        .sign_in("sandbox", "bob@example.com")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_source_whose_name_no_tenant_gets_is_copied_under_another() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    let long = "UPDATE public.tenants SET name = repeat('a', 300) WHERE slug = 'acme'";
    acme.sql.batch_execute(long).await.unwrap();
    acme.export(&file);
    let import = format!("tenant import {} --slug", file.display());
    for copy in ["tenant clone acme", &import] {
        let kept = acme.program.run(&format!("{copy} twin")).expect(1);
        let words = "characters in the source's name";
        assert!(kept.err.contains(words), "{}", kept.err);
        let long = format!("{copy} twin --name {}", "b".repeat(201));
        let long = acme.program.run(&long).expect(1);
        assert!(long.err.contains("expected a name of"), "{}", long.err);
    }
    let clone = "tenant clone acme one --name One --json".to_owned();
    for (copy, name) in [
        (clone, "One"),
        (format!("{import} two --name Two --json"), "Two"),
    ] {
        let made = acme.program.run(&copy).expect(0).json();
        assert_eq!(made["tenant"]["name"], name);
    }
}

#[tokio::test]
async fn a_slug_that_is_taken_makes_no_clone() {
    let acme = Acme::new().await;
    let before = inventory(&acme.sql).await;
    let refused = acme.program.run("tenant clone acme acme").expect(1);
    assert!(
        refused.err.contains("the slug `acme` is taken"),
        "{}",
        refused.err
    );
    let hint = "`tenantry tenant list --deleted`";
    assert!(refused.err.contains(hint), "{}", refused.err);
    assert_eq!(inventory(&acme.sql).await, before);
}
