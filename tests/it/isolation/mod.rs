//! Attacks on the isolation of tenants. Each fails when its guard is taken out:
//!
//! | Guard | Attack |
//! |---|---|
//! | the token's tenant is the request's (`security`, again in `Verified::into_context`) | `credentials::a_token_does_not_*` |
//! | host and header, and two headers, must agree | `credentials::*_are_a_conflict` |
//! | `X-Forwarded-Host` counts from a trusted peer alone | `credentials::a_forwarded_host_from_an_untrusted_peer_names_nobody` |
//! | the role may use its own schema, and has no more rights there than it needs | `fence::sql_that_leaves_its_tenants_schema_is_refused` |
//! | a connection that wears another scope is switched first | `one_connection::*` |
//! | a kept statement brings its scope, and does not run where that is not to be had | `carried::*` |
//! | a tenant may use half of the pool | `affinity::one_tenants_flood_*`, `flood::one_tenants_flood_*` |
//! | raw SQL closes its connection | `leftovers::what_raw_sql_leaves_behind_*` |
//! | an open transaction is rolled back | `leftovers::an_open_transaction_*`, `leftovers::a_dropped_transaction_*` |
//! | a statement whose caller has gone is cancelled, its connection closed | `hang_up::a_query_whose_caller_has_gone_*` |
//! | a lease goes back when its handler ends, whoever still listens | `hang_up::a_client_that_hangs_up_*` |
//! | the path holds the tenant's schema alone | `lost_scope::a_tenant_whose_*` |
//! | a table that is not there means that the tenant cannot be reached | `lost_scope::a_tenant_whose_*` |
//! | the switch fails without its schema (`regnamespace`) | `lost_scope::no_statement_runs_without_its_schema_*` |
//! | a deleted tenant's schema has another name, and nobody may use it | `deleted::*` |
//! | the switch and its statement are one transaction | `lost_scope::a_switch_that_fails_*` |
//! | slugs have one shape, and some are reserved | `names::a_slug_is_never_more_than_a_name` |
//! | statement texts only read and write rows | `texts::*` |

mod affinity;
pub mod careless;
mod carried;
mod credentials;
mod deleted;
mod fence;
pub mod fixture;
mod flood;
mod hang_up;
mod kept;
mod leftovers;
mod lost_scope;
mod membership;
mod names;
mod one_connection;
mod retired;
mod texts;
