//! The ceiling: the best that this stack can do. The same web framework, driver, pool size and answer; one prepared primary-key read on one
//! fixed schema. No token, no tenant, no log line.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, Pool, Runtime};
use poem::error::InternalServerError;
use poem::listener::TcpAcceptor;
use poem::web::{Data, Json, Path};
use poem::{EndpointExt, Route, handler};
use serde::Serialize;
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::fleet::{Fleet, POOL_SIZE};

const FIND: &str =
    "SELECT id, name, description, owner_id, created_at, updated_at FROM projects WHERE id = $1";

#[derive(Serialize)]
struct Project {
    id: Uuid,
    name: String,
    description: String,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[handler]
async fn find(Path(id): Path<Uuid>, pool: Data<&Pool>) -> poem::Result<Json<Project>> {
    let client = pool.get().await.map_err(InternalServerError)?;
    let statement = client.prepare_cached(FIND).await;
    let row = client
        .query_one(&statement.map_err(InternalServerError)?, &[&id])
        .await
        .map_err(InternalServerError)?;
    Ok(Json(Project {
        id: row.get(0),
        name: row.get(1),
        description: row.get(2),
        owner_id: row.get(3),
        created_at: row.get(4),
        updated_at: row.get(5),
    }))
}

/// A running server, on a runtime of its own that is built as the other side's is.
pub(crate) struct Ceiling {
    pub(crate) address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Ceiling {
    /// Serves `/projects/{id}` of one schema that holds all projects of `fleet`.
    pub(crate) async fn start(fleet: &Fleet) -> Self {
        let tables = format!(
            "DROP SCHEMA IF EXISTS ceiling CASCADE; CREATE SCHEMA ceiling; SET search_path = ceiling;
             CREATE TABLE users (id uuid PRIMARY KEY); {}",
            include_str!("../../migrations/tenant/V4__projects.sql")
        );
        let run = async |text: String| {
            let done = fleet.owner.batch_execute(&text).await;
            done.expect("the ceiling's tables");
        };
        run(tables).await;
        // One transaction locks every table that it reads, and there are only so many locks.
        for tenants in fleet.tenants.chunks(500) {
            let copies = tenants.iter().map(|tenant| {
                format!(
                    "INSERT INTO ceiling.users SELECT id FROM {0}.users;
                     INSERT INTO ceiling.projects SELECT id, id::text, description, owner_id, created_at, updated_at FROM {0}.projects;",
                    tenant.schema
                )
            });
            run(copies.collect::<Vec<_>>().concat()).await;
        }
        run("ANALYZE ceiling.projects".to_owned()).await;

        let mut config = fleet.url().config().clone();
        config.options("-c search_path=ceiling");
        let pool = Pool::builder(Manager::new(config, NoTls))
            .max_size(POOL_SIZE)
            .runtime(Runtime::Tokio1)
            .build()
            .expect("a pool");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let address = runtime.spawn(serve(pool)).await.expect("the ceiling");
        Self {
            address,
            runtime: Some(runtime),
        }
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(pool: Pool) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let address = listener.local_addr().expect("an address");
    let acceptor = TcpAcceptor::from_tokio(listener).expect("a listener");
    let routes = Route::new().at("/projects/:id", find).data(pool);
    tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(routes));
    address
}
