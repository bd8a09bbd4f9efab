//! TLS to PostgreSQL, by rustls with the machine's root certificates. Whether it is used, `sslmode` in the URL says.

use std::sync::OnceLock;

use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The connector; the certificates are read once in a process.
pub(super) fn connector() -> MakeRustlsConnect {
    static CONNECTOR: OnceLock<MakeRustlsConnect> = OnceLock::new();
    CONNECTOR.get_or_init(build).clone()
}

fn build() -> MakeRustlsConnect {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    MakeRustlsConnect::new(
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
