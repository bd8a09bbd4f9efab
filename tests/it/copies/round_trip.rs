//! An export that is imported: here, and into another database.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use reqwest::Method;
use serde_json::json;
use tenantry::domains::tenants::copied_tables::{CARRIED, LEFT_BEHIND};
use tenantry::testkit::{Answer, TestDatabase};

use super::fixture::{ADA, Acme, inventory, rows, verified};
use crate::program::{PASSWORD, Program, owner};

#[tokio::test]
async fn an_export_is_imported_into_another_database_row_by_row() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    let told = acme.export(&file);
    assert_eq!(told["tables"], CARRIED.len());
    let permissions = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(permissions & 0o777, 0o600, "others can read it");

    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let import = format!("tenant import {} --slug globex --json", file.display());
    let made = program.run(&import).expect(0).json();
    assert_eq!(made["tenant"]["name"], "Acme");
    assert_eq!(made["rows"], told["rows"]);
    assert_eq!(made["notes"], json!([]));

    let sql = owner(&database).await;
    for table in CARRIED {
        let (from, to) = (
            rows(&acme.sql, "acme", table).await,
            rows(&sql, "globex", table).await,
        );
        if table.starts_with("audit_") {
            // The export's own last line is the last that both have; the import goes on from there.
            continue;
        }
        assert_eq!(from, to, "{table}");
    }
    for (table, _) in LEFT_BEHIND {
        assert!(rows(&sql, "globex", table).await.is_empty(), "{table}");
    }
    let server = program.serve().ready().await;
    let pair = server.sign_in("globex", "bob@example.com").await;
    assert!(pair.expect(200)["access_token"].is_string());
    let asked = server.sign_in("globex", ADA).await.expect(200);
    assert_eq!(asked["mfa_required"], true, "{asked}");
}

#[tokio::test]
async fn the_audit_log_of_a_copy_verifies_and_tells_where_it_comes_from() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    acme.export(&file);
    let import = format!("tenant import {} --slug globex", file.display());
    acme.program.run(&import).expect(0);
    let admin = "user create grace@example.com --tenant globex --role admin --password-stdin";
    acme.program.run_with_password(admin).expect(0);
    let server = acme.program.serve().ready().await;
    let token = server.token("globex", "grace@example.com").await;
    let entries = verified(&server, "globex", &token).await;
    assert!(entries > 8, "only {entries} lines");
    let logs = server
        .request(Method::GET, "/audit/logs?action=tenant.imported")
        .bearer_auth(&token);
    let logs = Answer::of(logs.header("X-Tenant-ID", "globex"))
        .await
        .expect(200);
    assert_eq!(logs["data"][0]["before"]["slug"], "acme", "{logs}");
    for action in ["tenant.exported", "tenant.imported"] {
        let line = format!("\"{action}\"");
        let platform = rows(&acme.sql, "platform", "audit_log").await;
        let told = platform.iter().filter(|row| row.contains(action));
        assert_eq!(told.count(), 1, "{line} in the platform's log");
    }
}

#[tokio::test]
async fn an_api_key_of_the_source_does_not_open_its_copy() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    acme.export(&file);
    let import = format!("tenant import {} --slug globex", file.display());
    acme.program.run(&import).expect(0);
    let server = acme.program.serve().ready().await;
    let token = server.token("acme", "bob@example.com").await;
    for (tenant, status) in [("acme", 200), ("globex", 403)] {
        let request = server.request(Method::GET, "/projects");
        let request = request.header("X-API-Key", &acme.api_key);
        let answer = Answer::of(request.header("X-Tenant-ID", tenant)).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    let other = server.request(Method::GET, "/projects").bearer_auth(token);
    let other = Answer::of(other.header("X-Tenant-ID", "globex")).await;
    other.expect_problem(403, "tenant_mismatch");
}

#[tokio::test]
async fn second_factors_of_another_secret_are_refused_or_left_behind_by_choice() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    acme.export(&file);
    let database = TestDatabase::new().await;
    let program =
        Program::on(&database).set("APP_SECRET", "a secret that seals for another deployment");
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let before = inventory(&sql).await;
    let import = format!("tenant import {} --slug globex", file.display());
    let refused = program.run(&import).expect(1);
    assert!(
        refused.err.contains("sealed under another APP_SECRET"),
        "{}",
        refused.err
    );
    assert_eq!(inventory(&sql).await, before);

    let agreed = program.run(&format!("{import} --without-second-factors"));
    assert!(agreed.expect(0).err.contains("were left behind"));
    assert!(rows(&sql, "globex", "totp").await.is_empty());
    let server = program.serve().ready().await;
    let pair = server.sign_in("globex", ADA).await.expect(200);
    assert!(pair["access_token"].is_string(), "{pair}");
}

#[tokio::test]
async fn ordinary_tools_read_an_export() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    acme.export(&place.path().join("acme.tar"));
    let script = "tar xf acme.tar && sha256sum --quiet -c SHA256SUMS && zcat tables/projects.copy.gz | wc -l";
    let mut shell = Command::new("sh");
    let ran = shell
        .args(["-c", script])
        .current_dir(place.path())
        .output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), "2");
    let manifest = std::fs::read_to_string(place.path().join("manifest.json")).unwrap();
    assert!(!manifest.contains(PASSWORD) && manifest.contains("\"acme\""));
}

#[tokio::test]
async fn an_export_writes_over_no_file_and_the_platform_is_not_exported() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    std::fs::write(&file, "mine").unwrap();
    let line = format!("tenant export acme --out {}", file.display());
    let refused = acme.program.run(&line).expect(1);
    assert!(refused.err.contains("there is a file"), "{}", refused.err);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let platform = format!("tenant export platform --out {}.2", file.display());
    let refused = acme.program.run(&platform).expect(1);
    assert!(refused.err.contains("cannot be copied"), "{}", refused.err);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}
