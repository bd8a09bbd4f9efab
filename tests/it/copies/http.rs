//! Copies over HTTP: begun by operators, told of by operations, in one folder that nobody leaves.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

use crate::program::owner;
use crate::tenants::new_tenant;

/// A server with a folder for exports, an operator, and a tenant `acme`.
pub struct Place {
    pub server: TestServer,
    pub operator: Actor,
    pub acme: String,
    pub folder: TempDir,
    pub database: TestDatabase,
}

impl Place {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let folder = tempfile::tempdir().unwrap();
        let mut config = database.config.clone();
        config.tenancy.export_dir = Some(folder.path().to_owned());
        let server = TestServer::start_with(&config).await;
        let operator = server.operator().await;
        let made = operator.post("/tenants", &new_tenant("acme")).await;
        let acme = made.expect(201)["id"].as_str().unwrap().to_owned();
        Self {
            server,
            operator,
            acme,
            folder,
            database,
        }
    }

    /// The end of the operation that this answer begins.
    pub async fn end(&self, begun: &Answer) -> Value {
        let operation = begun.expect(202);
        let path = format!("/operations/{}", operation["id"].as_str().unwrap());
        assert!(begun.header("location").ends_with(&path));
        for _ in 0..600 {
            let now = self.operator.get(&path).await.expect(200);
            if now["status"] != "running" {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} does not end");
    }

    async fn export(&self) -> Value {
        let path = format!("/tenants/{}/export", self.acme);
        let begun = self.operator.post(&path, &Value::Null).await;
        self.end(&begun).await
    }
}

#[tokio::test]
async fn an_operator_exports_imports_and_clones_by_operations() {
    let place = Place::new().await;
    let exported = place.export().await;
    assert_eq!(exported["status"], "succeeded", "{exported}");
    let file = exported["result"]["file"].as_str().unwrap();
    assert!(place.folder.path().join(file).is_file());
    assert!(
        exported["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["status"] == "succeeded")
    );

    let body = json!({ "file": file, "slug": "globex", "name": "Globex" });
    let begun = place.operator.post("/tenants/import", &body).await;
    let imported = place.end(&begun).await;
    assert_eq!(imported["status"], "succeeded", "{imported}");
    let path = format!("/tenants/{}/clone", place.acme);
    let begun = place.operator.post(&path, &json!({ "slug": "twin" })).await;
    let cloned = place.end(&begun).await;
    assert_eq!(cloned["status"], "succeeded", "{cloned}");
    for (made, slug, name) in [(imported, "globex", "Globex"), (cloned, "twin", "Acme")] {
        let id = made["result"]["tenant_id"].as_str().unwrap();
        let tenant = place
            .operator
            .get(&format!("/tenants/{id}"))
            .await
            .expect(200);
        assert_eq!(
            (&tenant["slug"], &tenant["name"]),
            (&slug.into(), &name.into())
        );
        let ada = place.server.anonymous().naming(Some(slug));
        ada.sign_in("ada@example.com").await;
    }
}

#[tokio::test]
async fn an_operator_downloads_an_export_and_both_logs_tell_of_it() {
    let place = Place::new().await;
    let exported = place.export().await;
    let name = exported["result"]["file"].as_str().unwrap();
    let path = format!("/operations/{}/file", exported["id"].as_str().unwrap());
    let answer = place.operator.request(reqwest::Method::GET, &path);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/x-tar");
    let disposition = format!("attachment; filename=\"{name}\"");
    assert_eq!(header("content-disposition"), disposition);
    assert_eq!(
        header("content-length"),
        exported["result"]["bytes"].to_string()
    );
    let came = answer.bytes().await.unwrap();
    let file = place.folder.path().join(name);
    assert!(came == std::fs::read(&file).unwrap(), "another file came");

    let ada = place.server.anonymous().naming(Some("acme"));
    let (ada, _) = ada.sign_in("ada@example.com").await;
    for reader in [&ada, &place.operator.clone().naming(Some("platform"))] {
        let log = "/audit/logs?action=tenant.export_downloaded";
        let log = reader.get(log).await.expect(200);
        assert_eq!(log["data"].as_array().unwrap().len(), 1, "{log}");
        assert_eq!(log["data"][0]["after"]["file"], name);
    }
    ada.get(&path).await.expect_problem(403, "forbidden");

    // The tenant's own log is out of reach now, its export is not.
    let one = format!("/tenants/{}", place.acme);
    place.operator.delete(&one).await.expect(202);
    assert_eq!(place.operator.get(&path).await.status, 200);
    std::fs::remove_file(&file).unwrap();
    let gone = place.operator.get(&path).await;
    gone.expect_problem(410, "export_gone");
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    let gone = place.operator.get(&path).await;
    gone.expect_problem(410, "export_gone");
}

#[tokio::test]
async fn what_is_no_finished_export_has_no_file() {
    let place = Place::new().await;
    let path = format!("/tenants/{}/clone", place.acme);
    let body = json!({ "slug": "twin" });
    let begun = place.operator.post(&path, &body).await;
    let cloned = place.end(&begun).await;
    let path = format!("/operations/{}/file", cloned["id"].as_str().unwrap());
    let none = place.operator.get(&path).await;
    none.expect_problem(404, "no_export");
    let sql = owner(&place.database).await;
    let id = uuid::Uuid::now_v7();
    let at_work = format!(
        "INSERT INTO public.operations (id, kind, status, steps, created_at, updated_at, heartbeat_at) \
         VALUES ('{id}', 'tenant.export', 'running', '[]', now(), now(), now())"
    );
    sql.batch_execute(&at_work).await.unwrap();
    let none = place.operator.get(&format!("/operations/{id}/file")).await;
    none.expect_problem(404, "no_export");
}

#[tokio::test]
async fn a_request_names_a_file_and_reaches_no_other_folder() {
    let place = Place::new().await;
    for name in ["../acme.tar", "/etc/passwd", "a/b", ".hidden", "..", "a b"] {
        let body = json!({ "file": name, "slug": "evil" });
        let refused = place.operator.post("/tenants/import", &body).await;
        let problem = refused.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/file", "{name}");
    }
    std::os::unix::fs::symlink("/etc/passwd", place.folder.path().join("link.tar")).unwrap();
    for name in ["nobody.tar", "link.tar"] {
        let body = json!({ "file": name, "slug": "evil" });
        let refused = place.operator.post("/tenants/import", &body).await;
        let problem = refused.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unknown_file", "{problem}");
    }
    std::fs::write(place.folder.path().join("text.tar"), "no tar").unwrap();
    let body = json!({ "file": "text.tar", "slug": "evil" });
    let begun = place.operator.post("/tenants/import", &body).await;
    let ended = place.end(&begun).await;
    assert_eq!(ended["status"], "failed");
    let why = ended["error"].as_str().unwrap();
    assert!(why.contains("the file is no whole export"), "{why}");
}

#[tokio::test]
async fn of_two_imports_of_one_slug_one_is_made() {
    let place = Place::new().await;
    let file = place.export().await["result"]["file"].clone();
    let body = json!({ "file": file, "slug": "globex" });
    let (one, other) = tokio::join!(
        place.operator.post("/tenants/import", &body),
        place.operator.post("/tenants/import", &body),
    );
    let mut ends = Vec::new();
    for begun in [one, other] {
        if begun.status == 409 {
            // The other had ended before this one came.
            begun.expect_problem(409, "slug_taken");
            ends.push(json!("failed"));
        } else {
            ends.push(place.end(&begun).await["status"].clone());
        }
    }
    assert!(
        ends.contains(&json!("succeeded")) && ends.contains(&json!("failed")),
        "{ends:?}"
    );
    let third = place.operator.post("/tenants/import", &body).await;
    third.expect_problem(409, "slug_taken");
}

#[tokio::test]
async fn a_copy_of_a_tenant_that_is_deleted_meanwhile_says_so() {
    let place = Place::new().await;
    let sql = owner(&place.database).await;
    // The copy waits for whoever is making a tenant of its slug.
    let hold = "BEGIN; INSERT INTO public.tenants (id, slug, name, status, created_at, updated_at) \
                VALUES (gen_random_uuid(), 'twin', 'Twin', 'active', now(), now())";
    sql.batch_execute(hold).await.unwrap();
    let one = format!("/tenants/{}", place.acme);
    let (path, twin) = (format!("{one}/clone"), json!({ "slug": "twin" }));
    let begun = place.operator.post(&path, &twin).await;
    place.operator.delete(&one).await.expect(202);
    sql.batch_execute("ROLLBACK").await.unwrap();
    let ended = place.end(&begun).await;
    let why = ended["error"].as_str().unwrap();
    assert_eq!(why, "a tenant that is deleted cannot be copied");
}

#[tokio::test]
async fn without_a_folder_exports_are_off_and_say_what_to_set() {
    let database = TestDatabase::new().await;
    let mut config = database.config.clone();
    config.tenancy.export_dir = None;
    let server = TestServer::start_with(&config).await;
    let acme = TestTenant::on(&server).await;
    let path = format!("/tenants/{}/export", acme.id());
    let refused = server.operator().await.post(&path, &Value::Null).await;
    let problem = refused.expect_problem(503, "exports_off");
    assert!(
        problem["detail"].as_str().unwrap().contains("EXPORT_DIR"),
        "{problem}"
    );
}
