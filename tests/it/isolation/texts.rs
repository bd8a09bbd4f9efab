//! Statement texts: only what reads and writes rows can become an [`Sql`]. In a `const` the same refusal is a compile error.

use std::panic::catch_unwind;

use tenantry::tenancy::Sql;

fn is_taken(text: &'static str) -> bool {
    catch_unwind(|| Sql::new("texts.attack", text)).is_ok()
}

#[test]
fn a_text_that_could_change_its_connection_is_no_statement() {
    for text in [
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "SET search_path = public",
        "SET LOCAL ROLE none",
        "RESET ROLE",
        "RESET ALL",
        "DISCARD ALL",
        "CREATE TEMP TABLE projects (id uuid)",
        "CREATE TABLE projects (id uuid)",
        "DROP SCHEMA public CASCADE",
        "TRUNCATE projects",
        "PREPARE s AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "LISTEN tenants",
        "LOCK TABLE projects",
        "COPY projects TO PROGRAM 'sh'",
        "DO $$ BEGIN END $$",
        "CALL anything()",
        "EXPLAIN ANALYZE DELETE FROM projects",
        "",
        "selection",
        " SELECT 1",
        "-- SELECT\nSET ROLE none",
        "SELECT 1; SET ROLE none",
        "select 1;",
        "SELECT set_config('search_path', 'public', false)",
        "SELECT pg_catalog.SET_CONFIG('role', 'none', false)",
        "WITH x AS (SELECT set_config('role', 'none', false)) SELECT * FROM x",
        "UPDATE pg_settings SET setting = 'none' WHERE name = 'role'",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1)",
        "SELECT * INTO TEMP projects FROM users",
        "SELECT * INTO\nTEMPORARY projects FROM users",
        "SELECT * FROM dblink('', 'SELECT 1') AS t (x int)",
    ] {
        assert!(!is_taken(text), "`{text}` was taken");
    }
}

#[test]
fn a_text_that_reads_and_writes_rows_is_a_statement() {
    for text in [
        "SELECT 1",
        "select\n1",
        "INSERT INTO projects (id) VALUES ($1)",
        "UPDATE projects SET name = $1",
        "DELETE FROM projects",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT pg_advisory_xact_lock(1)",
    ] {
        assert!(is_taken(text), "`{text}` was refused");
    }
}
