//! What nodes tell each other, which any login of the database hears and may say too.

use std::time::Duration;

use futures_util::future::poll_fn;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};
use tokio::sync::mpsc;
use tokio::time::timeout;
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

/// Somebody who has signed in, and the id of that session.
async fn signed_in(tenant: &TestTenant) -> (Actor, String) {
    tenant.admin("ada").await;
    let (ada, _) = tenant.anonymous().sign_in("ada@example.com").await;
    let sessions = ada.get("/auth/sessions").await.expect(200);
    let session = sessions["data"][0]["id"].as_str().unwrap();
    (ada, session.to_owned())
}

#[tokio::test]
async fn a_forged_notice_makes_nodes_read_and_nothing_else() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let (ada, session) = signed_in(&acme).await;
    let sql = owner(&database).await;
    let id = acme.id();
    for forged in [
        format!(r#"{{"event":"sessions_revoked","sessions":["{session}"],"expires":9999999999}}"#),
        format!(r#"{{"event":"sessions_revoked","sessions":["{session}"],"expires":-1}}"#),
        format!(r#"{{"event":"tenant_changed","id":"{id}","slug":"'; DROP SCHEMA public"}}"#),
        format!(r#"{{"event":"roles_changed","tenant":"{id}"}}"#),
        r#"{"event":"mail_queued"}"#.to_owned(),
        r#"{"event":"tenant_changed","id":7}"#.to_owned(),
        "no notice".to_owned(),
        String::new(),
    ] {
        let notify = "SELECT pg_notify('tenantry', $1)";
        sql.query(notify, &[&forged]).await.unwrap();
        // Long enough to be heard and read. In doubt, a request waits until the table was.
        for _ in 0..10 {
            ada.get("/projects").await.expect(200);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    // A true one still ends it.
    ada.delete(&format!("/auth/sessions/{session}"))
        .await
        .expect(204);
    let ended = ada.get("/projects").await;
    ended.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_request_whose_session_is_in_doubt_waits_until_it_is_known() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let (ada, session) = signed_in(&acme).await;
    let named = format!(r#"{{"event":"sessions_revoked","sessions":["{session}"],"expires":0}}"#);
    let mut sql = owner(&database).await;
    for ends in [false, true] {
        // Nobody can read the table while this is open.
        let held = sql.transaction().await.unwrap();
        let lock = "LOCK TABLE public.revoked_sessions";
        held.batch_execute(lock).await.unwrap();
        let teller = owner(&database).await;
        let notify = "SELECT pg_notify('tenantry', $1)";
        teller.query(notify, &[&named]).await.unwrap();
        // It is heard when a request waits.
        let patience = Duration::from_millis(300);
        while let Ok(answer) = timeout(patience, ada.get("/projects")).await {
            answer.expect(200);
        }
        let (answer, ()) = tokio::join!(ada.get("/projects"), async {
            tokio::time::sleep(patience).await;
            if ends {
                let end = "INSERT INTO public.revoked_sessions (session_id, expires_at) \
                           VALUES (($1::text)::uuid, now() + interval '1 hour')";
                held.execute(end, &[&session]).await.unwrap();
            }
            held.commit().await.unwrap();
        });
        if ends {
            answer.expect_problem(401, "invalid_token");
        } else {
            answer.expect(200);
        }
    }
}
