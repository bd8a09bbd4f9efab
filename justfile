# What one does here every day. Bare `just` lists it.

# The compiler's and clippy's warnings fail the build.
deny_warnings := "-D warnings"
compose := "docker compose --file docker/compose.yml"

[private]
default:
    @just --list

# Fetch every dependency, and the tools that the other recipes use
install:
    cargo fetch --locked
    cargo install --locked cargo-deny cargo-llvm-cov
    rustup component add rustfmt clippy llvm-tools

# Run everything on this machine: private PostgreSQL, migrations, demo tenant, server
dev *args:
    cargo run -- dev {{ args }}

# Run all tests; they start what they need
test *args:
    cargo test {{ args }}

# Run the unit tests only
test-unit *args:
    cargo test --lib {{ args }}

# Run the integration tests only
test-integration *args:
    cargo test --test it {{ args }}

# Mixed traffic over 200 tenants while the fleet moves, ten minutes in each pool mode; `just soak 60` is shorter
soak seconds="600":
    SOAK_SECONDS={{ seconds }} cargo test --test it soak:: -- --nocapture --test-threads 1

# Ask a started server everything that its document allows and forbids; `just schemathesis --short` asks less
schemathesis *args:
    tests/scripts/schemathesis.sh {{ args }}

# Run all tests and write the coverage to target/lcov.info
test-cov:
    cargo llvm-cov --lcov --output-path target/lcov.info

# Check format, lints, documentation, dependencies and scripts
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets --all-features -- {{ deny_warnings }}
    RUSTDOCFLAGS="{{ deny_warnings }}" cargo doc --locked --no-deps --all-features
    cargo deny check bans licenses sources
    git grep -lE '^#!/(usr/)?bin/(env )?(ba)?sh' | xargs shellcheck
    just --fmt --check

# Mend what clippy can mend
lint-fix:
    cargo clippy --fix --allow-dirty --allow-staged --all-targets --all-features
    cargo fmt

# Format Rust and this file
format:
    cargo fmt
    just --fmt

# Type-check everything, quickly
check:
    cargo check --locked --all-targets --all-features

# Migrate public and every tenant
migrate *args:
    cargo run -- migrate run {{ args }}

# Write a new migration's file; `just migrate-create add_notes --tenant --undo`
migrate-create *args:
    cargo run -- migrate new {{ args }}

# Take one migration back; `just migrate-undo --tenant acme`
migrate-undo *args:
    cargo run -- migrate undo {{ args }}

# Show which migrations a tenant has; `just migrate-history --tenant acme`
migrate-history *args:
    cargo run -- migrate history {{ args }}

# Create a user; `just create-user --help` says with what
create-user *args:
    cargo run -- user create {{ args }}

# Print the OpenAPI document as JSON
openapi:
    @cargo run --quiet -- openapi

# Print the OpenAPI document as YAML
openapi-yaml:
    @cargo run --quiet -- openapi --yaml

# Open psql on DATABASE_URL, from the environment or .env
db-shell *args:
    @set -a; if [ -f .env ]; then . ./.env; fi; \
      psql "${DATABASE_URL:?set DATABASE_URL, for example postgres://user@localhost/tenantry}" {{ args }}

# Measure what tenancy costs and print the table of docs/benchmarks.md; `just bench --short` only tries it
bench *args:
    cargo bench --locked --bench ratios -- {{ args }}

# Build every image
docker-build-all:
    docker build --file docker/Dockerfile --target api --tag tenantry/api .
    docker build --file docker/Dockerfile --target migrations --tag tenantry/migrations .

# Start PostgreSQL, Redis, a mail catcher, migrations and the API in containers, on port 8080
docker-up: docker-secrets
    {{ compose }} up --build --detach

# Make docker/.env with fresh passwords, once
[private]
docker-secrets:
    #!/usr/bin/env bash
    set -euo pipefail
    [ ! -e docker/.env ] || exit 0
    umask 077
    for name in POSTGRES_PASSWORD OWNER_PASSWORD APP_PASSWORD JWT_SECRET; do
        echo "$name=$(head --bytes 32 /dev/urandom | od --address-radix n --format x1 | tr -d ' \n')"
    done > docker/.env

# Follow the containers' logs
docker-logs *args:
    {{ compose }} logs --follow {{ args }}

# Stop the containers; the data stays
docker-down:
    {{ compose }} down

# Remove what cargo built
clean:
    cargo clean

# Remove the containers, their data and their passwords
clean-docker: docker-secrets
    {{ compose }} down --volumes --remove-orphans
    rm -f docker/.env

# Run the gate, as it runs on a clean machine; installs what it needs when it is root
ci:
    .ci/run
