//! What a request wore is not what the next client of its server connection gets.

use serde_json::json;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio_postgres::SimpleQueryMessage;

use super::stranger;

#[tokio::test]
async fn a_stranger_on_the_same_server_connection_finds_nothing_of_a_request() {
    let Some(database) = TestDatabase::pooled(1).await else {
        return;
    };
    let stranger = stranger(&database).await;
    let look = "SELECT current_setting('search_path'), current_user, current_setting('statement_timeout'), \
                current_setting('client_connection_check_interval'), pg_backend_pid()";
    let seen = async || {
        let answer = stranger.simple_query(look).await.unwrap();
        let row = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let row = row.unwrap();
        (0..row.len())
            .map(|column| row.get(column).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let server = TestServer::start(&database).await;
    let tenant = TestTenant::on(&server).await;
    let ann = tenant.member("ann").await;
    let before = seen().await;
    for turn in 0..3 {
        ann.get("/projects").await.expect(200);
        assert_eq!(seen().await, before, "after a read");
        let body = json!({ "name": format!("moon {turn}") });
        ann.post("/projects", &body).await.expect(201);
        assert_eq!(seen().await, before, "after a transaction");
    }
    assert_eq!(before[0], "\"$user\", public");
    assert_eq!(before[1], "tenantry_app");
}
