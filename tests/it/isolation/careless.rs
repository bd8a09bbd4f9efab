//! Endpoints that a careless colleague wrote: they leave behind whatever can be left behind.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use tenantry::api::{ApiError, Body, Caller, State};
use tenantry::tenancy::{DbError, Sql, TenantSession, Transaction};

/// A project that a handler writes and does not commit.
pub const INSERT: Sql = Sql::new(
    "careless.insert",
    "INSERT INTO projects (id, name, description, owner_id, created_at, updated_at) \
     SELECT gen_random_uuid(), $1, '', id, now(), now() FROM users LIMIT 1",
);
const SLEEP: Sql = Sql::new("careless.sleep", "SELECT pg_sleep(20)");
pub const NAP: Sql = Sql::new("careless.nap", "SELECT pg_sleep(1)");

#[derive(Object)]
struct Text {
    text: String,
}

pub struct Careless;

type Done = Result<Json<bool>, ApiError>;

#[OpenApi]
impl Careless {
    /// Runs whatever it is told to.
    #[oai(path = "/careless/raw", method = "post")]
    async fn raw(&self, state: Data<&Arc<State>>, caller: Caller, body: Body<Text>) -> Done {
        session(&state, &caller).await?.raw(&body.0.text).await?;
        Ok(Json(true))
    }

    /// Forgets to commit.
    #[oai(path = "/careless/forget", method = "post")]
    async fn forget(&self, state: Data<&Arc<State>>, caller: Caller) -> Done {
        unfinished(session(&state, &caller).await?).await?;
        Ok(Json(true))
    }

    /// Falls over with an open transaction.
    #[oai(path = "/careless/panic", method = "post")]
    async fn panic(&self, state: Data<&Arc<State>>, caller: Caller) -> Done {
        let _open = unfinished(session(&state, &caller).await?).await?;
        panic!("a handler fell over")
    }

    /// Takes longer than anybody waits.
    #[oai(path = "/careless/sleep", method = "post")]
    async fn sleep(&self, state: Data<&Arc<State>>, caller: Caller) -> Done {
        session(&state, &caller).await?.execute(&SLEEP, &[]).await?;
        Ok(Json(true))
    }

    /// Takes a second, which some clients do not wait for.
    #[oai(path = "/careless/nap", method = "post")]
    async fn nap(&self, state: Data<&Arc<State>>, caller: Caller) -> Done {
        session(&state, &caller).await?.execute(&NAP, &[]).await?;
        Ok(Json(true))
    }
}

async fn session(state: &State, caller: &Caller) -> Result<TenantSession, DbError> {
    state.deps.tenancy.session(caller.0.tenant()).await
}

/// A transaction that has written a project named `unfinished`.
pub async fn unfinished(session: TenantSession) -> Result<Transaction, DbError> {
    let mut tx = session.begin("careless.unfinished");
    tx.execute(&INSERT, &[&"unfinished"]).await?;
    Ok(tx)
}
