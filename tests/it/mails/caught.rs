//! Development mode: nobody takes mails, so they are files and a page. A server has no such page.

use reqwest::Method;
use serde_json::json;
use tenantry::config::MailTransport;
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};

#[tokio::test]
async fn a_caught_mail_is_a_file_and_stands_on_the_page_with_its_link() {
    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::new().await;
    let mut config = database.config.clone();
    config.mail.transport = MailTransport::Catcher(folder.path().join("mails"));
    let server = TestServer::start_with(&config).await;
    let acme = TestTenant::on(&server).await;
    let ada = acme.member("ada").await;
    let path = format!("/users/{}/email", ada.id());
    ada.patch(&path, &json!({ "email": "new@example.com" }))
        .await
        .expect(202);

    let page = loop {
        let page = Answer::of(ada.request_root(Method::GET, "/dev/mails")).await;
        assert_eq!(page.status, 200);
        if page.text.contains("to new@example.com") {
            break page.text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let link = format!(
        "<a href=\"http://{}.localhost:8080/api/v1/auth/confirm-email-update?token=",
        acme.slug()
    );
    assert!(page.contains(&link), "{page}");
    let files: Vec<_> = std::fs::read_dir(folder.path().join("mails"))
        .unwrap()
        .collect();
    assert!(!files.is_empty());
    for file in files {
        let path = file.unwrap().path();
        assert_eq!(path.extension().unwrap(), "eml");
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("\r\nTo: "), "{text}");
    }
}

#[tokio::test]
async fn a_server_shows_nobody_its_mails() {
    let server = TestServer::shared().await;
    let answer = Answer::of(server.anonymous().request_root(Method::GET, "/dev/mails")).await;
    answer.expect_problem(404, "not_found");
}
