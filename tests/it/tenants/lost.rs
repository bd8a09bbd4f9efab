//! Tenants whose schema or role is lost: deleted all the same, and told what can be restored.

use serde_json::Value;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use super::answers_soon;
use crate::program::owner;

#[tokio::test]
async fn a_tenant_without_a_schema_is_deleted_and_no_token_of_its_people_holds() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let (ada, operator) = (acme.admin("ada").await, server.operator().await);
    let (signed_in, _) = ada.sign_in("ada@example.com").await;
    let sql = owner(&database).await;
    let lose = format!("DROP SCHEMA {} CASCADE", acme.schema());
    sql.batch_execute(&lose).await.unwrap();

    let one = format!("/tenants/{}", acme.id());
    let operation = operator.delete(&one).await.expect(202);
    assert_eq!(operation["status"], "succeeded", "{operation}");
    for own in [&ada, &signed_in] {
        let answer = answers_soon(own, 410).await;
        answer.expect_problem(410, "tenant_deleted");
    }
    let seen = operator.get(&one).await.expect(200);
    assert_eq!(seen["status"], "deleted", "{seen}");
    let answer = operator.post(&format!("{one}/restore"), &Value::Null).await;
    let refused = answer.expect_problem(410, "tenant_deleted");
    let said = refused["detail"].as_str().unwrap();
    assert!(said.contains("nothing to restore"), "{said}");
    let again = operator.delete(&one).await;
    again.expect_problem(409, "invalid_transition");
}
