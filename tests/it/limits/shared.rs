//! Two servers count together in Redis, and go on without it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tenantry::clock::Clock;
use tenantry::config::LimitsConfig;
use tenantry::limits::{Limits, Policy};
use tenantry::tenancy::TenantId;
use tenantry::testkit::{Actor, TestServer};

use super::redis::Redis;
use super::{Limited, guess, read};

/// What a busy machine needs for an answer now and then, so that nobody counts for themselves meanwhile.
const PATIENT: Duration = Duration::from_secs(10);
/// What Redis may take to be found again, and more.
const FOUND: Duration = Duration::from_secs(30);

async fn limited(redis: &Redis, patience: Duration) -> Limited {
    Limited::with(|config| {
        config.limits.redis_url = Some(redis.url().into());
        config.limits.redis_patience = patience;
    })
    .await
}

/// The same person, at another server.
fn at(server: &TestServer, own: &Limited, actor: &Actor) -> Actor {
    let there = server.anonymous().naming(Some(own.tenant.slug().as_str()));
    there.with_token(actor.token())
}

#[tokio::test]
async fn two_servers_share_one_budget_and_one_limit() {
    let redis = Redis::start();
    let own = limited(&redis, PATIENT).await;
    own.set_budget(6).await;
    let second = TestServer::start(&own.database).await;
    let here = own.tenant.member("ada").await;
    let there = at(&second, &own, &here);
    for _ in 0..3 {
        read("192.0.2.1", &here).await.expect(200);
        read("192.0.2.1", &there).await.expect(200);
    }
    read("192.0.2.1", &here)
        .await
        .expect_problem(429, "rate_limited");
    read("192.0.2.1", &there)
        .await
        .expect_problem(429, "rate_limited");

    let (here, there) = (here.with_token(None), there.with_token(None));
    for _ in 0..2 {
        guess("192.0.2.1", &here).await.expect(401);
        guess("192.0.2.1", &there).await.expect(401);
    }
    guess("192.0.2.1", &here).await.expect(401);
    let refused = guess("192.0.2.1", &there).await;
    refused.expect_problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait} s");
    guess("192.0.2.2", &there).await.expect(401);
}

#[tokio::test]
async fn without_redis_each_server_goes_on_by_itself_and_shares_again_when_it_is_back() {
    let mut redis = Redis::start();
    let own = limited(&redis, PATIENT).await;
    let second = TestServer::start(&own.database).await;
    let here = own.tenant.anonymous();
    let there = at(&second, &own, &here);
    for _ in 0..5 {
        guess("192.0.2.1", &here).await.expect(401);
    }
    guess("192.0.2.1", &there).await.expect(429);

    redis.kill();
    // Each counts for itself now: nobody has tried here so far as it knows.
    for anonymous in [&here, &there] {
        for _ in 0..5 {
            guess("192.0.2.1", anonymous).await.expect(401);
        }
        guess("192.0.2.1", anonymous).await.expect(429);
    }

    redis.start_again();
    let begun = Instant::now();
    // Each finds it again by itself. Who asked too early asks again, from an address that nobody has counted.
    for n in 2.. {
        let client = format!("192.0.2.{n}");
        for _ in 0..5 {
            guess(&client, &here).await.expect(401);
        }
        if guess(&client, &there).await.status == 429 {
            break;
        }
        assert!(begun.elapsed() < FOUND, "each still counts for itself");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_redis_that_hangs_holds_one_request_up_for_a_moment_and_then_none() {
    let redis = Redis::start();
    // Far longer than an answer takes, so that waiting for it is not taken for a busy machine.
    let patience = Duration::from_secs(2);
    let own = limited(&redis, patience).await;
    let ada = own.tenant.member("ada").await;
    read("192.0.2.1", &ada).await.expect(200);
    redis.freeze(true);
    let begun = Instant::now();
    read("192.0.2.1", &ada).await.expect(200);
    assert!(begun.elapsed() < 5 * patience, "{:?}", begun.elapsed());
    let begun = Instant::now();
    for _ in 0..20 {
        read("192.0.2.1", &ada).await.expect(200);
    }
    assert!(begun.elapsed() < 10 * patience, "{:?}", begun.elapsed());
    redis.freeze(false);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn count(&self, words: &str) -> usize {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.matches(words).count()
    }
}

#[tokio::test]
async fn the_log_says_once_that_redis_is_gone_and_once_that_it_is_back() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let _captured = tracing::subscriber::set_default(subscriber.finish());
    let mut redis = Redis::start();
    let config = LimitsConfig {
        enabled: true,
        redis_url: Some(redis.url().into()),
        redis_patience: PATIENT,
    };
    let limits = Limits::start(&config, &Clock::system()).await.unwrap();
    let policy = Policy::new("test", 100, Duration::from_hours(1));
    let (tenant, client) = (TenantId(uuid::Uuid::nil()), "192.0.2.1".parse().ok());
    let ask = || limits.of_client(policy, tenant, client);
    assert_eq!(ask().await.unwrap().remaining, 99);
    assert_eq!(ask().await.unwrap().remaining, 98);
    redis.kill();
    let (one, other) = tokio::join!(ask(), ask());
    assert!(!one.unwrap().refused && !other.unwrap().refused);
    for _ in 0..10 {
        assert!(!ask().await.unwrap().refused);
    }
    assert_eq!(log.count("redis does not answer"), 1);
    redis.start_again();
    let begun = Instant::now();
    while log.count("redis answers again") == 0 {
        assert!(begun.elapsed() < FOUND, "redis is not found again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ask().await.unwrap().remaining, 99, "an empty Redis counts");
    assert_eq!(log.count("redis answers again"), 1);
}
