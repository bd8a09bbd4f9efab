//! A mail outlives the server that queued it.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use tenantry::testkit::{Answer, TestDatabase, TestServer};

use super::catcher::Catcher;
use super::sending_to;
use crate::program::{Program, number, owner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_between_commit_and_sending_loses_no_mail() {
    let catcher = Catcher::start().await;
    let database = TestDatabase::new().await;
    let program = Program::on(&database)
        .set("SMTP_URL", catcher.url())
        .set("EMAIL_FROM", "Acme <no-reply@acme.example.com>");
    program.run("tenant create acme").expect(0);
    let user = "user create ada@example.com --tenant acme --role member --password-stdin";
    program.run_with_password(user).expect(0);

    // The mail server takes the call and says nothing more, until its client is dead.
    catcher.answer([""]);
    let server = program.serve().ready().await;
    let forgot = server.request(Method::POST, "/auth/forgot-password");
    let forgot = forgot.header("X-Tenant-ID", "acme");
    Answer::of(forgot.json(&json!({ "email": "ada@example.com" })))
        .await
        .expect(202);
    catcher.until(|| catcher.tries() == 1).await;
    server.kill();
    let sql = owner(&database).await;
    assert_eq!(number(&sql, "SELECT count(*) FROM public.mails").await, 1);

    // Once the dead server's time with the mail is over, another one sends it.
    let next = TestServer::start_with(&sending_to(&database, &catcher)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(catcher.tries(), 1, "two servers have the mail in hand");
    next.deps().clock.advance(TimeDelta::seconds(91));
    let mail = catcher.mail_to("ada@example.com").await;
    assert_eq!(mail.header("Subject"), "Set a new password");
    for _ in 0..1000 {
        if number(&sql, "SELECT count(*) FROM public.mails").await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the mail stays in the queue after it was sent");
}
