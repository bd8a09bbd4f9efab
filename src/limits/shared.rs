//! Counting in Redis, for all nodes together, by Redis's own time.
//!
//! Invariant: a request waits for Redis no longer than its patience, and not at all while it is known to be gone; who counts is then the process.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, Script};

use super::policy::{Policy, Standing, Subject};

/// A connection may take so many times as long to be there as an answer.
const CONNECTING: u32 = 10;
/// Between two tries to reach a Redis that is gone.
const RETRY: Duration = Duration::from_secs(1);

/// GCRA: what is kept is the moment at which the bucket is full again, in microseconds. Numbers of that size need their format said: Lua would
/// round them.
const SPEND: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, quota = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
local opens = full - interval * quota
if now < opens then
    return {0, 0, opens - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {1, math.floor((now - opens) / interval), 0}
";

/// One connection, shared by all requests; absent while Redis is gone.
type Link = Option<Arc<MultiplexedConnection>>;

/// See the module.
pub(super) struct Shared {
    client: Client,
    spend: Script,
    link: RwLock<Link>,
    /// How long a request waits for an answer.
    patience: Duration,
}

impl Shared {
    /// Tries to reach Redis once, and goes on trying until the value is gone.
    pub(super) async fn start(url: &str, patience: Duration) -> Result<Arc<Self>, RedisError> {
        let shared = Arc::new(Self {
            client: Client::open(url)?,
            spend: Script::new(SPEND),
            link: RwLock::new(None),
            patience,
        });
        match shared.connect().await {
            Ok(link) => shared.set(Some(Arc::new(link))),
            Err(error) => warn(&error),
        }
        let watched = Arc::downgrade(&shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RETRY).await;
                let Some(shared) = watched.upgrade() else {
                    break;
                };
                if shared.link().is_none()
                    && let Ok(link) = shared.connect().await
                {
                    tracing::info!("redis answers again; limits are shared between nodes");
                    shared.set(Some(Arc::new(link)));
                }
            }
        });
        Ok(shared)
    }

    /// Counts one request; `None` where Redis is gone.
    pub(super) async fn spend(&self, policy: Policy, subject: Subject) -> Option<Standing> {
        let link = self.link()?;
        let interval = u64::try_from(policy.interval().as_micros()).unwrap_or(u64::MAX);
        let answer = self
            .spend
            .key(subject.to_string())
            .arg(interval.max(1))
            .arg(policy.quota.get())
            .invoke_async::<(bool, u32, u64)>(&mut MultiplexedConnection::clone(&link))
            .await;
        match answer {
            Ok((true, remaining, _)) => Some(Standing::admitted(policy, remaining)),
            Ok((false, _, wait)) => Some(Standing::refused(policy, Duration::from_micros(wait))),
            Err(error) => {
                self.lost(&link, &error);
                None
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience * CONNECTING))
            .set_response_timeout(Some(self.patience));
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Gives the connection up, and warns if nobody else has done so already.
    fn lost(&self, link: &Arc<MultiplexedConnection>, error: &RedisError) {
        let mut known = self.link.write().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_some_and(|known| Arc::ptr_eq(known, link)) {
            *known = None;
            drop(known);
            warn(error);
        }
    }

    fn link(&self) -> Link {
        self.link
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, link: Link) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
    }
}

fn warn(error: &RedisError) {
    tracing::warn!(
        error = %error,
        "redis does not answer; limits are counted in this process alone until it does"
    );
}
