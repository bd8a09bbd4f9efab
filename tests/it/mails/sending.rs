//! The way of a mail: sent at once, tried again, given up.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tenantry::config::MailTransport;
use tenantry::testkit::TestServer;

use super::{Post, sending_to};

#[tokio::test]
async fn a_mail_arrives_as_text_and_html_and_leaves_the_queue() {
    let post = Post::new().await;
    post.queue("ada@example.com", "Grüße an <Ada>").await;
    let mail = post.catcher.mail_to("ada@example.com").await;
    assert_eq!(mail.header("To"), "ada@example.com");
    assert_eq!(mail.header("From"), "tenantry <tenantry@localhost>");
    assert!(mail.header("Subject").contains("=?utf-8?"), "{}", mail.raw);
    assert!(
        mail.text().contains("Grüße\n.\nfrom a line"),
        "{}",
        mail.text()
    );
    assert!(
        mail.html()
            .contains("<title>Grüße an &#60;Ada&#62;</title>"),
        "{}",
        mail.html()
    );
    post.sent().await;
    assert_eq!(post.catcher.wrong_logins(), 0);
}

#[tokio::test]
async fn a_mail_wakes_the_sender_which_would_else_look_after_three_seconds() {
    let post = Post::new().await;
    let mut times = Vec::new();
    for n in 0..4 {
        let address = format!("user{n}@example.com");
        post.queue(&address, "Hello").await;
        let queued = Instant::now();
        post.catcher.mail_to(&address).await;
        let took = queued.elapsed();
        // The first may come with a look by chance. Each other is queued just behind one.
        if n > 0 && took < Duration::from_secs(2) {
            return;
        }
        times.push(took);
    }
    panic!("nobody was woken: {times:?}");
}

#[tokio::test]
async fn nobody_smuggles_a_header_in() {
    let post = Post::new().await;
    post.queue(
        "ada@example.com",
        "Hello\r\nBcc: eve@example.com\r\n\r\nBody",
    )
    .await;
    let mail = post.catcher.mail_to("ada@example.com").await;
    assert_eq!(
        mail.header("Subject"),
        "Hello  Bcc: eve@example.com    Body"
    );
    let (head, _) = mail.raw.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("\r\nBcc:"), "{head}");
    assert!(post.catcher.all_to("eve@example.com").is_empty());
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_later_as_the_same_mail() {
    let post = Post::new().await;
    post.catcher.answer(["451 later"]);
    post.queue("ada@example.com", "Hello").await;
    post.catcher.until(|| post.catcher.tries() == 1).await;
    post.failed("later").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(post.catcher.tries(), 1, "it is tried again at once");

    post.server.deps().clock.advance(TimeDelta::seconds(6));
    let mail = post.catcher.mail_to("ada@example.com").await;
    assert!(mail.header("Message-ID").ends_with("@localhost>"));
    post.sent().await;
}

#[tokio::test]
async fn a_refusal_for_good_is_given_up_at_once_and_stays_to_be_seen() {
    let post = Post::new().await;
    post.catcher.answer(["550 no such person"]);
    post.queue("nobody@example.com", "Hello").await;
    post.failed("no such person").await;
    post.server.deps().clock.advance(TimeDelta::days(2));
    // The next mail goes out, so the sender has been round.
    post.queue("ada@example.com", "Hello").await;
    post.catcher.mail_to("ada@example.com").await;
    post.failed("no such person").await;
    assert_eq!(post.catcher.tries(), 2);
}

#[tokio::test]
async fn a_login_that_is_refused_costs_no_mail() {
    let mut post = Post::new().await;
    let mut config = sending_to(&post.database, &post.catcher);
    let MailTransport::Smtp(relay) = &mut config.mail.transport else {
        panic!("no relay");
    };
    relay.login = Some(("mailer".to_owned(), "wrong".into()));
    // Only the server with the wrong password is left.
    post.server = TestServer::start_with(&config).await;
    post.tenant = tenantry::testkit::TestTenant::on(&post.server).await;
    post.queue("ada@example.com", "Hello").await;
    post.catcher
        .until(|| post.catcher.wrong_logins() >= 1)
        .await;
    let right = TestServer::start_with(&sending_to(&post.database, &post.catcher)).await;
    right.deps().clock.advance(TimeDelta::minutes(2));
    post.catcher.mail_to("ada@example.com").await;
    post.sent().await;
}

#[tokio::test]
async fn two_servers_send_each_mail_once() {
    let post = Post::new().await;
    let second = TestServer::start_with(&sending_to(&post.database, &post.catcher)).await;
    let addresses: Vec<_> = (0..40).map(|n| format!("user{n}@example.com")).collect();
    for address in &addresses {
        post.queue(address, "Hello").await;
    }
    post.sent().await;
    for address in &addresses {
        assert_eq!(post.catcher.all_to(address).len(), 1, "{address}");
    }
    drop(second);
}
