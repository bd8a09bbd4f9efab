//! Whose address nobody has vouched for, confirms it before they sign in.

use reqwest::{Method, header};
use serde_json::json;
use tenantry::testkit::{Answer, TestTenant};

use super::Post;
use crate::program::owner;

/// A member whose address is not confirmed.
async fn unverified(post: &Post) {
    post.tenant.member("ada").await;
    let sql = owner(&post.database).await;
    let unverify = format!(
        "UPDATE {}.users SET email_verified = false",
        post.tenant.schema()
    );
    sql.batch_execute(&unverify).await.unwrap();
}

#[tokio::test]
async fn nobody_signs_in_before_their_address_is_confirmed_and_only_the_right_password_tells() {
    let post = Post::new().await;
    unverified(&post).await;
    let anonymous = post.tenant.anonymous();
    let login = |password| json!({ "email": "ada@example.com", "password": password });
    let wrong = anonymous
        .post("/auth/login", &login("eighty eight keys here"))
        .await;
    wrong.expect_problem(401, "invalid_credentials");
    let right = anonymous
        .post("/auth/login", &login(TestTenant::PASSWORD))
        .await;
    right.expect_problem(403, "email_unverified");

    let ask = json!({ "email": "ada@example.com" });
    anonymous
        .post("/auth/resend-verification", &ask)
        .await
        .expect(202);
    let token = post.catcher.mail_to("ada@example.com").await.token();
    let token = json!({ "token": token });
    let answer = anonymous.post("/auth/verify-email", &token).await;
    assert_eq!(answer.expect(200)["email"], "ada@example.com");
    anonymous
        .post("/auth/login", &login(TestTenant::PASSWORD))
        .await
        .expect(200);
    let again = anonymous.post("/auth/verify-email", &token).await;
    again.expect_problem(400, "token_invalid");
    // Whoever is confirmed gets no further mail.
    anonymous
        .post("/auth/resend-verification", &ask)
        .await
        .expect(202);
    anonymous
        .post("/auth/forgot-password", &ask)
        .await
        .expect(202);
    let mails = post.catcher.mails_to("ada@example.com", 2).await;
    assert_eq!(mails[1].header("Subject"), "Set a new password");
}

#[tokio::test]
async fn the_link_of_the_mail_answers_a_browser_with_a_page() {
    let post = Post::new().await;
    unverified(&post).await;
    let anonymous = post.tenant.anonymous();
    let ask = json!({ "email": "ada@example.com" });
    anonymous
        .post("/auth/resend-verification", &ask)
        .await
        .expect(202);
    let link = post.catcher.mail_to("ada@example.com").await.link();
    let host = format!("http://{}.localhost:8080", post.tenant.slug());
    let path = link.strip_prefix(&host).unwrap_or_else(|| panic!("{link}"));
    let follow = || {
        let request = post.server.anonymous().request_root(Method::GET, path);
        request.header(header::HOST, host.strip_prefix("http://").unwrap())
    };
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let page = Answer::of(follow().header(header::ACCEPT, browser)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert!(
        page.text.contains("Your e-mail address is confirmed"),
        "{}",
        page.text
    );
    anonymous.sign_in("ada@example.com").await;

    let page = Answer::of(follow().header(header::ACCEPT, browser)).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert!(
        page.text.contains("<h1>This did not work</h1>"),
        "{}",
        page.text
    );
    let problem = Answer::of(follow()).await;
    problem.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn a_new_password_by_mail_confirms_the_address_too() {
    let post = Post::new().await;
    unverified(&post).await;
    let anonymous = post.tenant.anonymous();
    let ask = json!({ "email": "ada@example.com" });
    anonymous
        .post("/auth/forgot-password", &ask)
        .await
        .expect(202);
    let token = post.catcher.mail_to("ada@example.com").await.token();
    let reset = json!({ "token": token, "password": TestTenant::PASSWORD });
    anonymous
        .post("/auth/reset-password", &reset)
        .await
        .expect(204);
    anonymous.sign_in("ada@example.com").await;
}
