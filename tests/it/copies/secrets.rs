//! Second factors, where a command does not know the secret that they are sealed under.

use std::process::Command;

use tenantry::domains::tenants::copied_tables::SEALED;

use super::fixture::{ADA, Acme, inventory, rows};
use crate::private_postgres::place::Place;
use crate::private_postgres::process::OtherOwner;
use crate::program::Program;

#[tokio::test]
async fn a_clone_carries_second_factors_without_knowing_the_secret() {
    let acme = Acme::new().await;
    let bare = Program::on(&acme.database).without("JWT_SECRET");
    bare.run("tenant clone acme sandbox").expect(0);
    for table in SEALED {
        let (from, to) = (
            rows(&acme.sql, "acme", table).await,
            rows(&acme.sql, "sandbox", table).await,
        );
        assert!(!from.is_empty() && from == to, "{table}: {from:?} {to:?}");
    }
    let server = acme.program.serve().ready().await;
    let asked = server.sign_in("sandbox", ADA).await.expect(200);
    assert_eq!(asked["mfa_required"], true, "{asked}");
}

#[tokio::test]
async fn an_export_and_an_import_without_a_secret_say_that_it_is_missing() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    let bare = Program::on(&acme.database).without("JWT_SECRET");
    let export = format!("tenant export acme --out {}", file.display());
    let refused = bare.run(&export).expect(1).err;
    let words = "neither APP_SECRET nor JWT_SECRET is set, so the file could not say";
    assert!(refused.contains(words), "{refused}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);

    acme.export(&file);
    let before = inventory(&acme.sql).await;
    let import = format!("tenant import {} --slug globex", file.display());
    let refused = bare.run(&import).expect(1).err;
    let words = "worthless here: neither APP_SECRET nor JWT_SECRET is set";
    assert!(refused.contains(words), "{refused}");
    assert_eq!(inventory(&acme.sql).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_beside_a_server_of_development_mode_know_its_secret() {
    let place = Place::new();
    let data = place.data_dir.parent().unwrap();
    let _server = OtherOwner::start(&place);
    let program = || Program::bare().set("DATA_DIR", data.display().to_string());
    let seal = |program: Program, name: &str| {
        let file = place.beside(name).display().to_string();
        let export = format!("tenant export acme --out {file}");
        program.run(&export).expect(0);
        let mut tar = Command::new("tar");
        let manifest = tar.args(["xOf", &file, "manifest.json"]).output().unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest.stdout).unwrap();
        manifest["sealed_by"].as_str().map(str::to_owned)
    };
    let kept = std::fs::read_to_string(data.join("jwt_secret")).unwrap();
    let told = seal(program().set("JWT_SECRET", kept), "told.tar");
    assert!(told.is_some());
    assert_eq!(seal(program(), "kept.tar"), told);
}
