//! The `tenantry` program. All of it is in the library; see [`tenantry::cli`].

fn main() -> std::process::ExitCode {
    tenantry::cli::run()
}
