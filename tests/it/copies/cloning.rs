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
async fn a_slug_that_is_taken_makes_no_clone() {
    let acme = Acme::new().await;
    let before = inventory(&acme.sql).await;
    let refused = acme.program.run("tenant clone acme acme").expect(1);
    assert!(
        refused.err.contains("the slug `acme` is taken"),
        "{}",
        refused.err
    );
    assert_eq!(inventory(&acme.sql).await, before);
}
