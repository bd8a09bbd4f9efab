//! A database with tenants, each with a user and a project.

use futures_util::{StreamExt, stream};
use tenantry::app::Foundation;
use tenantry::config::{Config, DatabaseUrl};
use tenantry::domains::Deps;
use tenantry::domains::access::{Context, Origin};
use tenantry::domains::idempotency::Once;
use tenantry::domains::tenants::{Keeper, NewTenant, Tenants};
use tenantry::ids::new_id;
use tenantry::tenancy::{SchemaName, Slug, TenantId, TenantKey};
use tenantry::testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Connections to PostgreSQL, on both sides of a comparison.
pub(crate) const POOL_SIZE: usize = 20;

/// One tenant, with what there is to read in it.
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) slug: String,
    pub(crate) schema: String,
    pub(crate) user: Uuid,
    pub(crate) project: Uuid,
}

/// See the module. The database goes with the value.
pub(crate) struct Fleet {
    pub(crate) tenants: Vec<Tenant>,
    /// A connection under the login that owns the schemas.
    pub(crate) owner: Client,
    pub(crate) config: Config,
    pub(crate) database: TestDatabase,
}

impl Fleet {
    pub(crate) async fn make(count: usize) -> Self {
        let mut database = TestDatabase::new().await;
        let settings = &mut database.config;
        settings.database.pool_size = POOL_SIZE;
        settings.database.max_overflow = 0;
        // Tokens are made before the first turn and used in the last.
        settings.auth.access_token_ttl = std::time::Duration::from_hours(3);
        let config = database.config.clone();
        let foundation = database.foundation();
        foundation.prepare().await.expect("the shared tables");
        let maker = Maker::new(&config, foundation).await;
        let tenants = stream::iter(0..count)
            .map(|number| maker.create(format!("fleet-{number}")))
            .buffered(config.tenancy.migration_jobs)
            .collect()
            .await;
        let url = config.database.migration_url().expect("a database");
        let owner = connect(url).await;
        let fleet = Self {
            tenants,
            owner,
            config,
            database,
        };
        fleet.fill().await;
        fleet
    }

    /// How its owner signs in.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        self.config.database.migration_url().expect("a database")
    }

    /// One user and one project each. What was written is cleaned up here: else PostgreSQL would do it by itself, in the middle of somebody's turn.
    async fn fill(&self) {
        // A backend that has met thousands of tables is slow at this.
        for tenants in self.tenants.chunks(500) {
            let client = connect(self.url()).await;
            let mut written = Vec::new();
            for tenant in tenants {
                let text = tenant.rows();
                client
                    .batch_execute(&text)
                    .await
                    .expect("a user and a project");
                written.push(format!("{0}.users, {0}.projects", tenant.schema));
            }
            let vacuum = format!("VACUUM (ANALYZE) {}", written.join(", "));
            client.batch_execute(&vacuum).await.expect("a vacuum");
        }
        let shared = "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
             WHERE relkind = 'r' AND NOT relisshared AND relnamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace)";
        let shared = self.owner.query_one(shared, &[]).await.expect("the tables");
        let vacuum = format!("VACUUM (ANALYZE) {}", shared.get::<_, String>(0));
        self.owner.batch_execute(&vacuum).await.expect("a vacuum");
    }
}

impl Tenant {
    fn rows(&self) -> String {
        let Self {
            schema,
            user,
            project,
            ..
        } = self;
        format!(
            "INSERT INTO {schema}.users VALUES ('{user}', 'ada@example.com', 'Ada', 'member', NULL, now(), now());
             INSERT INTO {schema}.projects VALUES ('{project}', 'moon', 'to the moon and back', '{user}', now(), now());"
        )
    }
}

async fn connect(url: &DatabaseUrl) -> Client {
    let (client, connection) = url
        .config()
        .connect(NoTls)
        .await
        .expect("the owner's login");
    tokio::spawn(connection);
    client
}

/// Makes tenants by the service, as an operator's request does; without a first admin, whose password would have to be hashed.
pub(crate) struct Maker {
    foundation: Foundation,
    deps: Deps,
    context: Context,
}

impl Maker {
    pub(crate) async fn new(config: &Config, foundation: Foundation) -> Self {
        let deps = foundation.deps(config).expect("services");
        let platform = TenantKey::Slug(Slug::platform());
        let platform = deps.tenancy.serve(&platform).await.expect("the platform");
        Self {
            foundation,
            deps,
            context: Context::for_system(platform, "benchmark", Origin::default()),
        }
    }

    /// Makes so many tenants ready to be taken.
    pub(crate) async fn make_ready(&self, count: usize) {
        let keeper = Keeper::new(self.foundation.migrator.clone(), count);
        keeper.once(|_| ()).await.expect("ready tenants");
    }

    pub(crate) async fn create(&self, slug: String) -> Tenant {
        let new = NewTenant {
            slug: slug.parse().expect("a slug"),
            name: slug.clone(),
            admin: None,
        };
        let tenants = Tenants::new(&self.deps, &self.foundation.migrator, self.context.clone());
        let made = tenants.create(new, None).await.expect("a tenant");
        let Once::Now(view) = made else {
            panic!("without an idempotency key nothing is repeated");
        };
        let id = TenantId(view.id);
        Tenant {
            id,
            slug,
            schema: SchemaName::of(id).as_str().to_owned(),
            user: new_id(),
            project: new_id(),
        }
    }
}
