//! Those whose credential does not hold: so many for each address, then nothing of theirs is looked at for a moment.

use chrono::TimeDelta;
use tenantry::testkit::{Actor, Answer};

use super::{Limited, parameter, read};

/// Asks until it is too much; how many were answered before.
async fn use_up(client: &str, actor: &Actor) -> (usize, Answer) {
    for answered in 0..1000 {
        let answer = read(client, actor).await;
        if answer.status == 429 {
            return (answered, answer);
        }
        assert!([401, 404].contains(&answer.status), "{}", answer.text);
    }
    panic!("a thousand were answered");
}

#[tokio::test]
async fn guessing_tokens_is_bounded_for_each_address() {
    let own = Limited::new().await;
    let guesser = own.tenant.anonymous().with_token(Some("x.y.z"));
    let (answered, refused) = use_up("192.0.2.1", &guesser).await;
    // Five a second come back while they run.
    assert!((300..600).contains(&answered), "{answered}");
    refused.expect_problem(429, "rate_limited");
    assert_eq!(
        refused.header("ratelimit-policy"),
        "\"anonymous\";q=300;w=60"
    );
    assert_eq!(parameter(refused.header("ratelimit"), "r"), 0);

    read("192.0.2.2", &guesser).await.expect(401);
    let ada = own.tenant.member("ada").await;
    read("192.0.2.2", &ada).await.expect(200);
    own.server.deps().clock.advance(TimeDelta::minutes(1));
    read("192.0.2.1", &ada).await.expect(200);
    read("192.0.2.1", &guesser).await.expect(401);
}

#[tokio::test]
async fn while_a_guesser_is_shut_out_not_even_a_good_token_is_looked_at() {
    let own = Limited::new().await;
    let ada = own.tenant.member("ada").await;
    let guesser = ada.clone().with_token(Some("x.y.z"));
    // Each refusal lasts a fifth of a second, so one of the next reads is within it.
    use_up("192.0.2.1", &guesser).await;
    let mut refused = false;
    for _ in 0..20 {
        read("192.0.2.1", &guesser).await;
        refused |= read("192.0.2.1", &ada).await.status == 429;
    }
    assert!(refused, "a good token was looked at each time");
}

#[tokio::test]
async fn looking_for_tenants_is_bounded_too() {
    let own = Limited::new().await;
    let seeker = own
        .server
        .anonymous()
        .naming(Some("nobody-here"))
        .with_token(None);
    let seek = || super::guess("192.0.2.1", &seeker);
    let mut statuses = Vec::new();
    for _ in 0..600 {
        statuses.push(seek().await.status);
        if statuses.last() == Some(&429) {
            break;
        }
    }
    assert_eq!(statuses.first(), Some(&404));
    assert_eq!(statuses.last(), Some(&429));
    assert!(statuses.len() > 300, "{}", statuses.len());
}
