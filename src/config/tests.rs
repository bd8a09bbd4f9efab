//! The configuration as a whole: defaults, all mistakes at once, secrets, modes, and its documents.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;

use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const URL: &str = "postgres://app:hunter2@db.example/main";

fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_lookup(Purpose::Serve, |name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

fn names(error: &ConfigError) -> Vec<&str> {
    error
        .mistakes
        .iter()
        .map(|mistake| mistake.name.as_str())
        .collect()
}

#[test]
fn nothing_at_all_is_development_mode_with_the_documented_defaults() {
    let config = config(&[]).unwrap();
    assert_eq!(config.mode(), Mode::Development);
    assert_eq!(config.http.bind_addr.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.base_domain.as_deref(), Some("localhost"));
    assert!(config.http.allowed_origins.is_empty() && config.http.trusted_proxies.is_empty());
    assert_eq!(config.http.drain_timeout, Duration::from_secs(30));
    assert!(config.database.url.is_none() && config.database.migration_url().is_none());
    assert_eq!(
        (config.database.pool_size, config.database.max_overflow),
        (20, 30)
    );
    assert_eq!(config.database.query_timeout, Duration::from_secs(30));
    assert_eq!(config.database.pool_mode, PoolMode::Session);
    assert!(config.database.role_fence && !config.database.pool_pre_ping);
    assert_eq!(config.tenancy.cache_ttl, Duration::from_hours(1));
    assert!(config.auth.jwt_secret.is_none());
    assert_eq!(config.auth.access_token_ttl, Duration::from_mins(15));
    assert_eq!(config.auth.refresh_token_ttl, Duration::from_hours(7 * 24));
    assert!(config.auth.password_hash_concurrency >= 1);
    assert_eq!(config.dev.data_dir, Path::new("./data"));
}

#[test]
fn a_database_or_production_makes_it_a_server() {
    let given = config(&[("DATABASE_URL", URL), ("JWT_SECRET", SECRET)]).unwrap();
    assert_eq!(given.mode(), Mode::Server);
    assert_eq!(given.database.migration_url().unwrap().expose(), URL);

    let production = [
        ("APP_ENV", "production"),
        ("DATABASE_URL", URL),
        ("JWT_SECRET", SECRET),
    ];
    let production = config(&production).unwrap();
    assert_eq!(production.mode(), Mode::Server);
    assert_eq!(production.http.base_domain, None);
}

#[test]
fn a_server_refuses_to_start_without_its_secrets() {
    let production = config(&[("APP_ENV", "production")]).unwrap_err();
    assert_eq!(names(&production), ["DATABASE_URL", "JWT_SECRET"]);
    // Docker Compose passes what is unset on as an empty text.
    let empty = config(&[("DATABASE_URL", URL), ("JWT_SECRET", "")]).unwrap_err();
    assert_eq!(names(&empty), ["JWT_SECRET"]);
    let short = config(&[("DATABASE_URL", URL), ("JWT_SECRET", &SECRET[1..])]).unwrap_err();
    assert_eq!(names(&short), ["JWT_SECRET"]);
}

#[test]
fn a_server_signs_with_one_key() {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
    let key = base64::prelude::BASE64_STANDARD.encode(pair.to_pkcs8v1().unwrap());
    let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----");
    let private = ("JWT_PRIVATE_KEY", key.as_str());
    let alone = [("DATABASE_URL", URL), private, ("APP_SECRET", SECRET)];
    let alone = config(&alone).unwrap();
    assert!(alone.auth.jwt_private_key.is_some() && alone.auth.jwt_secret.is_none());
    let unsealed = config(&[("DATABASE_URL", URL), private]).unwrap_err();
    assert_eq!(names(&unsealed), ["APP_SECRET"]);
    let both = config(&[("JWT_SECRET", SECRET), private]).unwrap_err();
    assert_eq!(names(&both), ["JWT_PRIVATE_KEY"]);
    let neither = config(&[("DATABASE_URL", URL)]).unwrap_err().to_string();
    assert!(
        neither.contains("JWT_SECRET") && neither.contains("JWT_PRIVATE_KEY"),
        "{neither}"
    );
    // The private key where the public one is expected would be published.
    let mixed = config(&[("JWT_SECRET", SECRET), ("JWT_PREVIOUS_KEYS", &key)]).unwrap_err();
    assert_eq!(names(&mixed), ["JWT_PREVIOUS_KEYS"]);
}

#[test]
fn a_login_for_migrations_alone_is_a_mistake() {
    let error = config(&[("MIGRATION_DATABASE_URL", URL)]).unwrap_err();
    assert_eq!(names(&error), ["MIGRATION_DATABASE_URL"]);
}

#[test]
fn every_mistake_is_reported_at_once() {
    // No variable but these takes any text at all.
    let free = [
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "OIDC_AUDIENCE",
        "MIGRATIONS_DIR",
        "EXPORT_DIR",
        "DATA_DIR",
        "PG_BIN_DIR",
    ];
    let all = GROUPS
        .iter()
        .flat_map(|group| group.variables)
        .map(|variable| variable.name);
    let expected: Vec<_> = all.filter(|name| !free.contains(name)).collect();

    let error = Config::from_lookup(Purpose::Serve, |name| {
        expected.contains(&name).then(|| "=!".into())
    })
    .unwrap_err();

    assert_eq!(names(&error), expected);
}

#[test]
fn a_mistake_says_what_was_expected_what_came_and_what_to_do() {
    let error = config(&[("BIND_ADDR", "localhost"), ("DB_POOL_SIZE", "0")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration has 2 mistakes:\n  \
         BIND_ADDR: expected an IP address and a port; got \"localhost\" (invalid socket address syntax); \
         correct it, or unset it for the default `127.0.0.1:8080`\n  \
         DB_POOL_SIZE: expected a whole number from 1 to 65535; got \"0\" (it is zero); \
         correct it, or unset it for the default `20`"
    );
}

#[test]
fn a_secret_is_never_shown() {
    let secrets = [
        ("DATABASE_URL", URL),
        ("JWT_SECRET", SECRET),
        ("ADMIN_PASSWORD", "correct horse battery"),
        ("SMTP_URL", "smtps://ada:hunter2@mx.example.com"),
        ("EMAIL_FROM", "no-reply@example.com"),
    ];
    let shown = format!("{:?}", config(&secrets).unwrap());
    // The second breaks in the driver's parser, whose own message would quote it.
    let wrong = [
        ("DATABASE_URL", "host=db password=open sesame=1"),
        ("JWT_SECRET", "hunter2"),
        ("SMTP_URL", "smtps://hunter2@mx.example.com"),
        ("SENDGRID_API_KEY", "hunter2"),
        ("EMAIL_FROM", "no-reply@example.com"),
        ("ADMIN_PASSWORD", "horse"),
    ];
    let error = config(&wrong).unwrap_err();
    assert_eq!(
        names(&error),
        [
            "DATABASE_URL",
            "JWT_SECRET",
            "SMTP_URL",
            "SENDGRID_API_KEY",
            "ADMIN_PASSWORD"
        ]
    );
    let shown = format!("{shown}{error}{error:?}");
    for secret in ["hunter2", SECRET, "horse", "sesame"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_secret_can_come_from_a_file_but_not_from_two_places() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    let path = path.to_str().unwrap();

    let from_file = config(&[("JWT_SECRET_FILE", path)]).unwrap();
    assert_eq!(from_file.auth.jwt_secret.unwrap().expose_secret(), SECRET);

    let both = config(&[("JWT_SECRET_FILE", path), ("JWT_SECRET", SECRET)]).unwrap_err();
    assert_eq!(names(&both), ["JWT_SECRET"]);
    // A file counts as given, whatever is in it: no private PostgreSQL in place of a wrong address.
    let wrong = config(&[("DATABASE_URL_FILE", path)]).unwrap_err();
    assert_eq!(names(&wrong), ["DATABASE_URL_FILE", "JWT_SECRET"]);
    let gone = config(&[("JWT_SECRET_FILE", "/nowhere")]).unwrap_err();
    assert_eq!(names(&gone), ["JWT_SECRET_FILE"]);
}

#[test]
fn exactly_the_documented_variables_are_read() {
    let asked = RefCell::new(BTreeSet::new());
    Config::from_lookup(Purpose::Serve, |name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .unwrap();

    let mut documented: BTreeSet<_> = ["HOME", "PATH", "TMPDIR", "XDG_CACHE_HOME"]
        .map(str::to_owned)
        .into();
    for variable in GROUPS.iter().flat_map(|group| group.variables) {
        documented.insert(variable.name.to_owned());
        if variable.secret {
            documented.insert(variable.file_name());
        }
    }
    assert_eq!(*asked.borrow(), documented);
}

#[test]
fn help_names_every_variable() {
    let help = Config::help();
    for variable in GROUPS.iter().flat_map(|group| group.variables) {
        assert!(
            help.lines()
                .any(|line| line.split_whitespace().next() == Some(variable.name)),
            "{}",
            variable.name
        );
    }
}

#[test]
fn the_example_file_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example");
    let expected = document::env_example();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "run `UPDATE_GOLDEN=1 cargo test --lib config` to write .env.example anew"
    );
}

#[test]
fn mails_are_caught_in_development_mode_alone() {
    let transport = |variables| config(variables).unwrap().mail.transport;
    let MailTransport::Catcher(folder) = transport(&[]) else {
        panic!("development mode does not catch its mails");
    };
    assert_eq!(folder, Path::new("./data/mails"));
    let server = [("DATABASE_URL", URL), ("JWT_SECRET", SECRET)];
    assert!(matches!(transport(&server), MailTransport::Nobody));
    assert!(matches!(
        transport(&[("APP_ENV", "test")]),
        MailTransport::Nobody
    ));
    let relay = [("SMTP_URL", "smtp://mx"), ("EMAIL_FROM", "a@example.com")];
    assert!(matches!(transport(&relay), MailTransport::Smtp(_)));
}

#[test]
fn a_mail_server_is_named_once_and_comes_with_a_sender() {
    let error = config(&[("SMTP_URL", "smtp://mx")]).unwrap_err();
    assert_eq!(names(&error), ["EMAIL_FROM"]);
    let both = [
        ("SMTP_URL", "smtp://mx"),
        ("SENDGRID_API_KEY", "SG.key"),
        ("EMAIL_FROM", "a@example.com"),
    ];
    assert_eq!(names(&config(&both).unwrap_err()), ["SENDGRID_API_KEY"]);
}

#[test]
fn links_lead_to_the_base_domain_unless_another_address_is_given() {
    let url = |variables: &[_]| config(variables).unwrap().public_url().unwrap();
    assert_eq!(url(&[]), "http://{tenant}.localhost:8080");
    let domain = ("BASE_DOMAIN", "example.com");
    assert_eq!(url(&[domain]), "https://{tenant}.example.com");
    let given = ("PUBLIC_URL", "https://example.org/{tenant}/");
    assert_eq!(url(&[domain, given]), "https://example.org/{tenant}");
}

#[test]
fn the_cache_is_the_users_own() {
    let home = config(&[("HOME", "/home/ada")]).unwrap();
    assert_eq!(home.dev.cache_dir, Path::new("/home/ada/.cache/tenantry"));
    let xdg = config(&[("HOME", "/home/ada"), ("XDG_CACHE_HOME", "/cache")]).unwrap();
    assert_eq!(xdg.dev.cache_dir, Path::new("/cache/tenantry"));
}
