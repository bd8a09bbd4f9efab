//! The test kit (feature `testkit`): the real app on a real PostgreSQL, a tenant for each test, clients as actors.
//!
//! ```no_run
//! # #[tokio::main] async fn main() {
//! use serde_json::json;
//! use tenantry::testkit::TestTenant;
//!
//! let acme = TestTenant::new().await;          // a tenant of this test's own, dropped with the value
//! let ada = acme.member("ada").await;          // a signed-in user
//! let made = ada.post("/projects", &json!({ "name": "moon" })).await.expect(201);
//! ada.get(&format!("/projects/{}", made["id"].as_str().unwrap())).await.expect(200);
//! # }
//! ```
//!
//! Nothing has to be started before: the kit runs a private PostgreSQL that ends with the test process, or uses `DATABASE_URL` where that is
//! set. Tests run in parallel, each in a schema of its own. What a killed run leaves behind, the next run takes away.

mod actor;
mod answer;
mod cluster;
mod database;
mod pooler;
mod server;
mod tenant;

pub use actor::Actor;
pub use answer::Answer;
pub use database::TestDatabase;
pub use server::TestServer;
pub use tenant::TestTenant;

use std::future::Future;
use std::sync::LazyLock;

use tokio::runtime::Runtime;

/// The kit's own runtime: what tests share must outlive each test's.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let built = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("testkit")
        .enable_all()
        .build();
    built.unwrap_or_else(|error| fail("no runtime", &error))
});

/// Runs `work` on the kit's runtime, so that connections which it opens live on after the test.
pub(crate) async fn on_kit<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    match RUNTIME.spawn(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The same from a `Drop`, which cannot wait otherwise.
fn finish_on_kit(work: impl Future<Output = ()> + Send + 'static) {
    let (done, waiting) = std::sync::mpsc::channel();
    RUNTIME.spawn(async move {
        work.await;
        let _ = done.send(());
    });
    let _ = waiting.recv_timeout(std::time::Duration::from_secs(30));
}

/// A test cannot go on: the panic is its failure.
#[expect(clippy::panic, reason = "a test fails by panicking")]
#[track_caller]
fn fail(what: &str, error: &dyn std::error::Error) -> ! {
    let mut text = format!("{what}: {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    panic!("{text}")
}

/// Unwraps with all causes.
trait OrFail<T> {
    fn or_fail(self, what: &str) -> T;
}

impl<T, E: std::error::Error> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, what: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => fail(what, &error),
        }
    }
}
