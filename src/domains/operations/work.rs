//! Work that goes on after its answer.
//!
//! Invariant: an operation that runs has a process behind it. That process writes a heartbeat; where it stops, the operation has failed for
//! everybody, which [`super::keep_watching`] writes down. So the work itself must be atomic, and asking for it again must be safe.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::model::{Operation, Status};
use super::repository;
use crate::clock::Clock;
use crate::domains::Deps;
use crate::error::Error;
use crate::tenancy::{DbError, Tenancy};

/// Between two heartbeats. After six that did not come, an operation is given up.
pub(super) const BEAT: Duration = Duration::from_secs(10);

/// Goes on with an operation that the caller has inserted as [`Operation::running`] and committed. Returns at once; a stopping server waits
/// a little for the work.
///
/// What `work` gives is the operation's result; its error, without its causes, is what the caller reads.
pub(in crate::domains) fn go_on<F, W>(deps: &Deps, operation: Operation, work: F)
where
    F: FnOnce(Progress) -> W + Send + 'static,
    W: Future<Output = Result<Option<Value>, Error>> + Send,
{
    let progress = Progress {
        tenancy: deps.tenancy.clone(),
        clock: deps.clock.clone(),
        id: operation.id,
    };
    deps.later.spawn(async move {
        let beat = progress.clone();
        let ended = tokio::select! {
            ended = work(progress.clone()) => ended,
            never = beat.forever() => match never {},
        };
        progress.end(operation, ended).await;
    });
}

/// Tells how an operation goes. What cannot be told is logged and stops nothing.
#[derive(Clone)]
pub(in crate::domains) struct Progress {
    tenancy: Tenancy,
    clock: Clock,
    id: Uuid,
}

impl Progress {
    /// The step of this name is done.
    pub(in crate::domains) async fn done(&self, step: &'static str) {
        let told = self.tell_step(step).await;
        self.log(told, "a step cannot be told");
    }

    async fn tell_step(&self, step: &str) -> Result<(), DbError> {
        let mut db = self.tenancy.public().await?;
        repository::step_done(&mut db, self.id, step, self.clock.now()).await
    }

    async fn forever(self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(BEAT).await;
            let told = self.tell_life().await;
            self.log(told, "a heartbeat cannot be told");
        }
    }

    async fn tell_life(&self) -> Result<(), DbError> {
        repository::beat(&mut *self.tenancy.public().await?, self.id).await
    }

    async fn end(&self, mut operation: Operation, ended: Result<Option<Value>, Error>) {
        match ended {
            Ok(result) => {
                operation.end(Status::Succeeded);
                operation.result = result;
            }
            Err(error) => {
                tracing::error!(operation = %self.id, kind = operation.kind, error = error.chain(), "an operation failed");
                operation.status = Status::Failed;
                operation.error = Some(error.to_string());
            }
        }
        operation.updated_at = self.clock.now();
        let told = self.tell_end(&operation).await;
        self.log(told, "an operation's end cannot be told");
    }

    async fn tell_end(&self, operation: &Operation) -> Result<(), DbError> {
        repository::end(&mut *self.tenancy.public().await?, operation).await
    }

    fn log(&self, told: Result<(), DbError>, what: &'static str) {
        if let Err(error) = told {
            tracing::warn!(operation = %self.id, error = %error, "{what}");
        }
    }
}
