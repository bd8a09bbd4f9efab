//! `kill -9` of a server in the middle of what was asked of it over HTTP: an export, an import, a clone and a migration. The next server says that
//! it failed, nothing half-made stays, and the next request does it.

use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry::testkit::{Answer, TestDatabase};
use tokio_postgres::Client;

use super::fixture::{inventory, schema_of};
use crate::fleet::fixture::Migrations;
use crate::program::{Program, Server, number, owner};
use crate::provisioning::killed::half_made;
use crate::tenants::killed::{holder, wait_for};

const OPERATOR: &str = "operator@example.com";
/// An advisory lock that the work stops at.
const GATE: i64 = 4_242;

/// A database with the tenant `acme`, an operator, and a folder for exports.
struct Place {
    // Dropped in this order: the connection is to the database.
    sql: Client,
    program: Program,
    folder: TempDir,
    acme: String,
    database: TestDatabase,
}

/// A server that works for the operator.
struct Node {
    server: Server,
    token: String,
}

impl Place {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let folder = tempfile::tempdir().unwrap();
        let program = Program::on(&database).set("EXPORT_DIR", folder.path().display().to_string());
        let operator =
            format!("user create {OPERATOR} --tenant platform --role super_admin --password-stdin");
        program.run_with_password(&operator).expect(0);
        let made = program.run("tenant create acme --json").expect(0).json();
        Self {
            sql: owner(&database).await,
            acme: made["id"].as_str().unwrap().to_owned(),
            program,
            folder,
            database,
        }
    }

    async fn serve(&self, program: &Program) -> Node {
        let server = program.serve().ready().await;
        let token = server.token("platform", OPERATOR).await;
        Node { server, token }
    }

    /// Asks a server for it, kills the server at the gate, and waits until PostgreSQL has undone what was open. Answers with the operation.
    async fn kill_at_the_gate(&self, program: &Program, path: &str, body: &Value) -> String {
        let gate = format!("SELECT pg_advisory_xact_lock({GATE})");
        let held = holder(&self.database, &gate).await;
        let node = self.serve(program).await;
        let begun = node.ask(Method::POST, path, body).await.expect(202);
        let at_the_gate = format!(
            "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() \
             AND l.locktype = 'advisory' AND l.objid = {GATE} AND NOT l.granted"
        );
        wait_for(&self.sql, &format!("SELECT count(*) {at_the_gate}"), 1).await;
        node.server.kill();
        // Whoever migrates would go on to its commit before it sees that nobody is there any more.
        let end =
            format!("SELECT pg_terminate_backend(pid) {at_the_gate} AND a.usename = current_user");
        self.sql.batch_execute(&end).await.unwrap();
        held.batch_execute("ROLLBACK").await.unwrap();
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";
        wait_for(&self.sql, open, 0).await;
        begun["id"].as_str().unwrap().to_owned()
    }

    /// A minute without a heartbeat goes by.
    async fn a_minute_later(&self) {
        let later = "UPDATE public.operations SET heartbeat_at = heartbeat_at - interval '2 minutes' WHERE status = 'running'";
        self.sql.batch_execute(later).await.unwrap();
    }

    fn files(&self, end: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let of_kind = |name: &String| Path::new(name).extension().is_some_and(|e| e == end);
        names.filter(of_kind).collect()
    }

    /// Has it killed, and then done. Answers with the result.
    async fn killed_and_done(&self, path: &str, body: &Value) -> Value {
        let (before, files) = (inventory(&self.sql).await, self.files("tar"));
        let killed = self.kill_at_the_gate(&self.program, path, body).await;
        assert_eq!(inventory(&self.sql).await, before, "{path} left something");
        assert_eq!(half_made(&self.sql).await, Vec::<String>::new());
        assert_eq!(self.files("tar"), files, "a killed export looks whole");

        self.a_minute_later().await;
        let node = self.serve(&self.program).await;
        let failed = node.ended(&killed).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        let why = failed["error"].as_str().unwrap();
        assert!(why.contains("ask again"), "{why}");
        let begun = node.ask(Method::POST, path, body).await.expect(202);
        let done = node.ended(begun["id"].as_str().unwrap()).await;
        assert_eq!(done["status"], "succeeded", "{done}");
        done["result"].clone()
    }
}

impl Node {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.server.request(method, path).bearer_auth(&self.token);
        let request = if body.is_null() {
            request
        } else {
            request.json(body)
        };
        Answer::of(request).await
    }

    /// The operation, when it runs no more.
    async fn ended(&self, id: &str) -> Value {
        let path = format!("/operations/{id}");
        for _ in 0..1_200 {
            let answer = self.ask(Method::GET, &path, &Value::Null).await;
            let operation = answer.expect(200);
            if operation["status"] != "running" {
                return operation;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} does not end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_no_half_of_a_copy_and_the_next_one_makes_it() {
    let place = Place::new().await;
    // Whoever tells that all rows are copied stops: the file has no name yet, and the new tenant's transaction is open.
    let stop = format!(
        "CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.status = 'running' AND NEW.steps @> '[{{\"name\": \"copy_rows\", \"status\": \"succeeded\"}}]' THEN
                 PERFORM pg_advisory_xact_lock({GATE});
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER stop BEFORE UPDATE ON public.operations FOR EACH ROW EXECUTE FUNCTION public.stop()"
    );
    place.sql.batch_execute(&stop).await.unwrap();

    let export = format!("/tenants/{}/export", place.acme);
    let exported = place.killed_and_done(&export, &Value::Null).await;
    assert_eq!(place.files("tar"), [exported["file"].as_str().unwrap()]);
    assert_eq!(place.files("part"), Vec::<String>::new());

    let import = json!({ "file": exported["file"], "slug": "again" });
    let imported = place.killed_and_done("/tenants/import", &import).await;
    let clone = format!("/tenants/{}/clone", place.acme);
    let cloned = place
        .killed_and_done(&clone, &json!({ "slug": "twin" }))
        .await;
    for (made, slug) in [(imported, "again"), (cloned, "twin")] {
        assert_eq!(made["slug"], slug);
        place.program.run(&format!("tenant show {slug}")).expect(0);
    }
    assert_eq!(half_made(&place.sql).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_the_tenant_before_its_migration_and_the_next_one_migrates_it() {
    let place = Place::new().await;
    let migration = format!(
        "CREATE TABLE before_the_gate (); SELECT pg_advisory_xact_lock({GATE}); CREATE TABLE behind_the_gate ();"
    );
    let migrations = Migrations::with(&migration);
    let newer = Program::on(&place.database)
        .set("MIGRATIONS_DIR", migrations.dir())
        .set("MIGRATE_ON_START", "off");
    newer.run("migrate run --tenant platform").expect(0);
    let path = format!("/tenants/{}/migrate", place.acme);
    let schema = schema_of(&place.sql, "acme").await;
    let signs = format!(
        "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}' AND tablename LIKE '%_the_gate') \
         + (SELECT count(*) FROM {schema}.refinery_schema_history WHERE version = 99) \
         + (SELECT count(*) FROM public.tenant_migrations WHERE tenant_id = '{}' AND version = 99)",
        place.acme
    );

    let killed = place.kill_at_the_gate(&newer, &path, &Value::Null).await;
    assert_eq!(number(&place.sql, &signs).await, 0);
    place.a_minute_later().await;
    let node = place.serve(&newer).await;
    let failed = node.ended(&killed).await;
    assert_eq!(failed["status"], "failed", "{failed}");
    let begun = node
        .ask(Method::POST, &path, &Value::Null)
        .await
        .expect(202);
    let done = node.ended(begun["id"].as_str().unwrap()).await;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert_eq!(done["result"]["to"], 99);
    assert_eq!(number(&place.sql, &signs).await, 4);
}
