//! What nodes tell each other, which any login of the database hears and may say too.

use std::time::Duration;

use futures_util::future::poll_fn;
use serde_json::{Value, json};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, NoTls};

use super::{answers_soon, id_of, lead, new_tenant};
use crate::program::owner;

/// Hears the channel as anybody may who can connect.
async fn overhear(database: &TestDatabase) -> mpsc::UnboundedReceiver<Value> {
    let url = database.config.database.migration_url().unwrap().expose();
    let (client, mut connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let (tell, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(note) = message {
                let _ = tell.send(serde_json::from_str(note.payload()).unwrap());
            }
        }
    });
    client.batch_execute("LISTEN tenantry").await.unwrap();
    // It ends with the test.
    std::mem::forget(client);
    heard
}

#[tokio::test]
async fn a_notice_of_a_tenant_carries_its_id_and_no_name() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let mut heard = overhear(&database).await;
    let made = operator.post("/tenants", &new_tenant("acme")).await;
    let id = id_of(&made.expect(201));
    let one = format!("/tenants/{id}");
    let renamed = json!({ "slug": "acme-corp" });
    operator.patch(&one, &renamed).await.expect(200);
    lead(&operator, &id, "suspend").await.expect(200);
    operator.delete(&one).await.expect(202);
    let restore = format!("{one}/restore");
    operator.post(&restore, &Value::Null).await.expect(200);
    let expected = json!({ "event": "tenant_changed", "id": id });
    let mut changes = 0;
    while changes < 5 {
        let notice = tokio::time::timeout(Duration::from_secs(5), heard.recv());
        let notice = notice.await.unwrap().unwrap();
        assert!(!notice.to_string().contains("acme"), "{notice}");
        changes += usize::from(notice == expected);
    }
}

#[tokio::test]
async fn a_notice_of_an_older_node_is_understood() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let ada = acme.admin("ada").await;
    ada.get("/projects").await.expect(200);
    let sql = owner(&database).await;
    let (id, slug) = (acme.id(), acme.slug());
    // Unheard of so far, and told with the slug that the tenant had.
    let change = format!(
        "UPDATE public.tenants SET status = 'suspended' WHERE id = '{id}';
         NOTIFY tenantry, '{{\"event\":\"tenant_changed\",\"id\":\"{id}\",\"slug\":\"{slug}-before\"}}'"
    );
    sql.batch_execute(&change).await.unwrap();
    let answer = answers_soon(&ada, 403).await;
    answer.expect_problem(403, "tenant_suspended");
}
