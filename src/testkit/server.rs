//! The app, listening: one that all tests of the process share, or one of a test's own.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinHandle;

use super::actor::Actor;
use super::database::TestDatabase;
use super::{OrFail, finish_on_kit, on_kit};
use crate::api::{self, Endpoints};
use crate::app::{App, Foundation};
use crate::clock::Clock;
use crate::config::Config;
use crate::domains::Deps;
use crate::domains::access::{Context, Origin, Role};
use crate::domains::auth::{Auth, Grant};
use crate::ids::new_id;
use crate::tenancy::{Slug, TenantId, TenantKey};

/// Tenants that the shared server keeps ready, about as many as tests that begin at once.
const READY: usize = 8;

/// A running server. Cheap to clone; it stops with the last clone.
#[derive(Clone)]
pub struct TestServer {
    inner: Arc<Inner>,
}

struct Inner {
    address: SocketAddr,
    deps: Deps,
    auth: Auth,
    foundation: Foundation,
    stop: mpsc::Sender<()>,
    running: std::sync::Mutex<Option<JoinHandle<()>>>,
    /// Dropped last, when nobody uses it any more.
    _database: Option<TestDatabase>,
}

impl TestServer {
    /// The one that all tests of this process share; for tests that need a tenant, not a server.
    pub async fn shared() -> Self {
        static SHARED: OnceCell<TestServer> = OnceCell::const_new();
        let start = || async {
            let mut database = TestDatabase::new().await;
            database.config.tenancy.ready_tenants = READY;
            let config = database.config.clone();
            let prepare = on_kit(async move {
                let foundation = Foundation::new(&config, Clock::system());
                foundation.or_fail("a foundation").prepare().await
            });
            prepare.await.or_fail("the shared tables");
            Box::pin(Self::start_on(
                database.config.clone(),
                Some(database),
                api::endpoints(),
            ))
            .await
        };
        SHARED.get_or_init(start).await.clone()
    }

    /// One of a test's own, on `database`, after the shared tables and every tenant were migrated as a start does.
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(&database.config).await
    }

    /// The same with settings of the test's own.
    pub async fn start_with(config: &Config) -> Self {
        let foundation = config.clone();
        on_kit(async move {
            let foundation = Foundation::new(&foundation, Clock::system());
            foundation.or_fail("a foundation").prepare().await
        })
        .await
        .or_fail("the shared tables");
        Self::start_on(config.clone(), None, api::endpoints()).await
    }

    /// The same with endpoints of the test's own beside the app's, for handlers that misbehave.
    pub async fn start_with_endpoints<A>(config: &Config, endpoints: A) -> Self
    where
        A: poem_openapi::OpenApi + Send + 'static,
        (Endpoints, A): poem_openapi::OpenApi,
    {
        let prepared = config.clone();
        on_kit(async move {
            let foundation = Foundation::new(&prepared, Clock::system());
            foundation.or_fail("a foundation").prepare().await
        })
        .await
        .or_fail("the shared tables");
        Self::start_on(config.clone(), None, (api::endpoints(), endpoints)).await
    }

    async fn start_on<A: poem_openapi::OpenApi + Send + 'static>(
        config: Config,
        database: Option<TestDatabase>,
        endpoints: A,
    ) -> Self {
        on_kit(Box::pin(async move {
            let foundation = Foundation::new(&config, Clock::system()).or_fail("a foundation");
            let app = App::new(&config, foundation.clone())
                .await
                .or_fail("the app");
            let (deps, auth) = (app.deps().clone(), app.auth().clone());
            let listener = TcpListener::bind("127.0.0.1:0").await.or_fail("a port");
            let address = listener.local_addr().or_fail("a port");
            let (stop, stops) = mpsc::channel(1);
            let endpoint = app.endpoint_with(endpoints);
            let migrate = config.tenancy.migrate_on_start;
            let running = tokio::spawn(async move {
                app.serve(endpoint, listener, stops, migrate)
                    .await
                    .or_fail("the server");
            });
            let inner = Inner {
                address,
                deps,
                auth,
                foundation,
                stop,
                running: std::sync::Mutex::new(Some(running)),
                _database: database,
            };
            Self {
                inner: Arc::new(inner),
            }
        }))
        .await
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// What services need.
    pub fn deps(&self) -> &Deps {
        &self.inner.deps
    }

    /// The pools below it. Use them inside the kit's runtime only; tests take [`TestDatabase::foundation`].
    pub(super) fn foundation(&self) -> &Foundation {
        &self.inner.foundation
    }

    /// Somebody without a credential, who names no tenant.
    pub fn anonymous(&self) -> Actor {
        Actor::new(self, None, None)
    }

    /// Somebody with a token that says so. Nobody asks whether there is such a user.
    pub fn bearer(&self, tenant: TenantId, user: uuid::Uuid, role: Role) -> String {
        let grant = Grant {
            user_id: user,
            tenant_id: tenant,
            session_id: new_id(),
            role: role.into(),
            signed_in_at: self.inner.deps.clock.now(),
            impersonator: None,
        };
        self.inner.auth.tokens().issue(&grant).or_fail("a token")
    }

    /// An operator: a super admin of the platform's own tenant. They name no tenant.
    pub async fn operator(&self) -> Actor {
        let context = self.system(&TenantKey::Slug(Slug::platform())).await;
        let email = format!("operator-{}@example.com", new_id().simple());
        let user = super::tenant::add_user(self, context.clone(), email, Role::SuperAdmin).await;
        let token = self.bearer(context.tenant().id, user, Role::SuperAdmin);
        Actor::new(self, None, Some(token)).with_id(user)
    }

    /// The system, in this tenant.
    pub(super) async fn system(&self, tenant: &TenantKey) -> Context {
        let (tenancy, tenant) = (self.inner.deps.tenancy.clone(), tenant.clone());
        let tenant = on_kit(async move { tenancy.serve(&tenant).await }).await;
        Context::for_system(tenant.or_fail("the tenant"), "test kit", Origin::default())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let running = self
            .running
            .lock()
            .ok()
            .and_then(|mut running| running.take());
        let stop = self.stop.clone();
        finish_on_kit(async move {
            let _ = stop.send(()).await;
            if let Some(running) = running {
                let _ = running.await;
            }
        });
    }
}
