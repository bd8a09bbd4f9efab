//! What a schema is described as: the same for all that are alike, and another for each kind of change that a hand can make.

use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::migrations::Description;
use tenantry::tenancy::SchemaName;
use tenantry::testkit::TestDatabase;

use super::fixture::fleet;

async fn described(foundation: &Foundation, schema: &SchemaName) -> Description {
    let mut tx = foundation.migrator.begin().await.unwrap();
    foundation.migrator.describe(&mut tx, schema).await.unwrap()
}

#[tokio::test]
async fn tenants_and_the_reference_are_described_alike() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let foundation = Foundation::new(&database.config, Clock::system()).unwrap();
    let target = foundation.migrator.set().target().version;
    let reference = foundation.migrator.reference(target).await.unwrap();
    for tenant in &tenants {
        let found = described(&foundation, &tenant.schema).await;
        assert_eq!(found.diff(&reference), []);
        assert_eq!(found.hash(), reference.hash());
    }
}
