//! What a hand may do to a tenant's schema (`$schema`; its role has the same name), and how the report begins to tell of it.

/// A change, and what is said of it: one difference an entry, by the objects' names.
pub type Case = (&'static str, &'static [&'static str]);

pub const DIFFERENT: &[Case] = &[
    // tables
    (
        "CREATE TABLE notes (id integer)",
        &["table notes: is not in the reference"],
    ),
    (
        "DROP TABLE idempotency_keys",
        &["table idempotency_keys: is missing"],
    ),
    (
        "ALTER TABLE idempotency_keys SET UNLOGGED",
        &["table idempotency_keys: is `unlogged`, in the reference it is `plain`"],
    ),
    (
        "ALTER TABLE idempotency_keys SET (fillfactor = 50)",
        &["table idempotency_keys: is `with (fillfactor=50)`"],
    ),
    (
        "ALTER TABLE projects ENABLE ROW LEVEL SECURITY",
        &["table projects: is `row level security`"],
    ),
    (
        "CREATE TABLE notes (id integer) PARTITION BY LIST (id)",
        &["table notes: is not in the reference (partitioned by LIST (id))"],
    ),
    // columns
    (
        "ALTER TABLE projects ADD COLUMN by_hand integer",
        &["column projects.by_hand: is not in the reference (integer)"],
    ),
    (
        "ALTER TABLE projects ADD COLUMN \"By Hand\" integer",
        &["column projects.\"By Hand\": is not in the reference"],
    ),
    (
        "ALTER TABLE projects DROP COLUMN description",
        &["column projects.description: is missing (text not null)"],
    ),
    (
        "ALTER TABLE projects ALTER COLUMN description TYPE varchar(9)",
        &["column projects.description: is `character varying(9) not null`"],
    ),
    (
        "ALTER TABLE projects ALTER COLUMN description DROP NOT NULL",
        &["column projects.description: is `text`, in the reference it is `text not null`"],
    ),
    (
        "ALTER TABLE projects ALTER COLUMN description SET DEFAULT 'x'",
        &["column projects.description: is `text not null default 'x'::text`"],
    ),
    (
        "ALTER TABLE projects ALTER COLUMN description TYPE text COLLATE \"C\"",
        &["column projects.description: is `text collate \"C\" not null`"],
    ),
    (
        "ALTER TABLE projects ADD COLUMN n integer GENERATED ALWAYS AS IDENTITY",
        &[
            "column projects.n: is not in the reference (integer not null generated always as identity)",
            "sequence projects_n_seq: is not",
        ],
    ),
    (
        "ALTER TABLE projects ADD COLUMN n integer GENERATED ALWAYS AS (1 + 1) STORED",
        &[
            "column projects.n: is not in the reference (integer generated always as (1 + 1) stored)",
        ],
    ),
    // constraints
    (
        "ALTER TABLE projects ADD CONSTRAINT by_hand CHECK (name <> '')",
        &["constraint projects.by_hand: is not in the reference (CHECK ((name <> ''::text)))"],
    ),
    (
        "ALTER TABLE projects DROP CONSTRAINT projects_name_key",
        &["constraint projects.projects_name_key: is missing (UNIQUE (name))"],
    ),
    (
        "ALTER TABLE projects RENAME CONSTRAINT projects_name_key TO by_hand",
        &[
            "constraint projects.by_hand: is not",
            "constraint projects.projects_name_key: is missing",
        ],
    ),
    (
        "ALTER TABLE projects DROP CONSTRAINT projects_name_key, ADD CONSTRAINT projects_name_key UNIQUE (name, owner_id)",
        &["constraint projects.projects_name_key: is `UNIQUE (name, owner_id)`"],
    ),
    (
        "ALTER TABLE projects DROP CONSTRAINT projects_owner_fkey, ADD CONSTRAINT projects_owner_fkey FOREIGN KEY (owner_id) REFERENCES users NOT VALID",
        &[
            "constraint projects.projects_owner_fkey: is `FOREIGN KEY (owner_id) REFERENCES users(id) NOT VALID`",
        ],
    ),
    // indexes
    (
        "DROP INDEX projects_owner",
        &[
            "index projects_owner: is missing (CREATE INDEX projects_owner ON projects USING btree (owner_id))",
        ],
    ),
    (
        "CREATE INDEX by_hand ON projects (name)",
        &["index by_hand: is not"],
    ),
    (
        "DROP INDEX projects_owner; CREATE INDEX projects_owner ON projects (owner_id, id)",
        &["index projects_owner: is `CREATE INDEX"],
    ),
    (
        "CREATE UNIQUE INDEX CONCURRENTLY by_hand ON refinery_schema_history ((1))",
        &[
            "index by_hand: is not in the reference (CREATE UNIQUE INDEX by_hand ON refinery_schema_history USING btree ((1)) (invalid))",
        ],
    ),
    // sequences, views, functions, triggers, rules
    (
        "CREATE SEQUENCE by_hand AS smallint",
        &["sequence by_hand: is not in the reference (smallint from 1 to 32767"],
    ),
    (
        "CREATE VIEW by_hand AS SELECT id FROM projects",
        &["view by_hand: is not"],
    ),
    (
        "CREATE MATERIALIZED VIEW by_hand AS SELECT id FROM projects",
        &["materialized view by_hand: is not"],
    ),
    (
        "CREATE FUNCTION by_hand(a integer) RETURNS integer LANGUAGE sql AS 'SELECT a'",
        &["function by_hand(a integer): is not"],
    ),
    (
        "CREATE AGGREGATE by_hand(integer) (SFUNC = int4pl, STYPE = integer)",
        &["function by_hand(integer): is not"],
    ),
    (
        "ALTER FUNCTION audit_chain() SECURITY INVOKER",
        &["function audit_chain(): is another than in the reference\n-  SECURITY DEFINER"],
    ),
    (
        "CREATE OR REPLACE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        &["function audit_chain(): is another"],
    ),
    (
        "ALTER TABLE audit_log DISABLE TRIGGER audit_chain",
        &["trigger audit_log.audit_chain: is `CREATE TRIGGER"],
    ),
    (
        "DROP TRIGGER audit_chain ON audit_log",
        &["trigger audit_log.audit_chain: is missing"],
    ),
    (
        "CREATE TRIGGER by_hand BEFORE INSERT ON projects FOR EACH ROW EXECUTE FUNCTION audit_chain()",
        &["trigger projects.by_hand: is not"],
    ),
    (
        "CREATE RULE by_hand AS ON DELETE TO projects DO INSTEAD NOTHING",
        &["rule projects.by_hand: is not"],
    ),
    // types and rarer things
    (
        "CREATE TYPE by_hand AS ENUM ('a', 'b')",
        &["type by_hand: is not in the reference (enum of 'a', 'b')"],
    ),
    (
        "CREATE TYPE by_hand AS (a integer, b text)",
        &["type by_hand: is not in the reference (row of a integer, b text)"],
    ),
    (
        "CREATE TYPE by_hand AS RANGE (SUBTYPE = float8)",
        &["type by_hand: is not in the reference (range of double precision)"],
    ),
    (
        "CREATE DOMAIN by_hand AS text NOT NULL DEFAULT 'x' CHECK (VALUE <> '')",
        &[
            "domain by_hand: is not in the reference (text not null default 'x'::text constraint by_hand_check CHECK ((VALUE <> ''::text)))",
        ],
    ),
    (
        "CREATE STATISTICS by_hand ON name, description FROM projects",
        &["statistics by_hand: is not"],
    ),
    (
        "CREATE COLLATION by_hand FROM \"C\"",
        &["collation by_hand: is not"],
    ),
    // row level security and rights
    (
        "CREATE POLICY by_hand ON projects FOR SELECT TO $schema USING (name <> '')",
        &[
            "policy projects.by_hand: is not in the reference (permissive for select to <role> using ((name <> ''::text)))",
        ],
    ),
    (
        "GRANT SELECT ON projects TO PUBLIC",
        &["rights on table projects: is another than in the reference\n+ public: SELECT"],
    ),
    (
        "GRANT SELECT (name) ON projects TO PUBLIC",
        &["rights on column projects.name: is not"],
    ),
    (
        "REVOKE DELETE ON projects FROM $schema",
        &[
            "rights on table projects: is another than in the reference\n- <role>: DELETE, INSERT, SELECT, UPDATE\n+ <role>: INSERT, SELECT, UPDATE",
        ],
    ),
    (
        "GRANT UPDATE ON audit_log TO $schema",
        &["rights on table audit_log: is another"],
    ),
    (
        "GRANT SELECT ON projects TO $schema WITH GRANT OPTION",
        &["rights on table projects: is another"],
    ),
    (
        "REVOKE UPDATE ON audit_head FROM current_user",
        &["rights on table audit_head: is another"],
    ),
    (
        "GRANT USAGE ON SCHEMA $schema TO PUBLIC",
        &["rights on the schema: is another than in the reference\n+ public: USAGE"],
    ),
    (
        "GRANT EXECUTE ON FUNCTION audit_chain() TO PUBLIC",
        &["rights on function audit_chain(): is another"],
    ),
    (
        "GRANT $schema TO current_user; GRANT CREATE ON SCHEMA $schema TO $schema; ALTER TABLE projects OWNER TO $schema",
        &[
            "rights on table projects: is another",
            "rights on the schema: is another",
        ],
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA $schema REVOKE DELETE ON TABLES FROM $schema",
        &["rights on future tables: is another"],
    ),
    // all of it, and what is recorded of it
    ("DROP SCHEMA $schema CASCADE", &["schema: is missing"]),
    (
        "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 4",
        &["history of migration 4: is `projects, checksum 1`"],
    ),
    (
        "DELETE FROM refinery_schema_history WHERE version = 4",
        &["history of migration 4: is missing (projects, checksum"],
    ),
    (
        "UPDATE public.tenant_migrations SET checksum = 'x' WHERE tenant_id = '$id'",
        &["line in the ledger: is `version"],
    ),
    (
        "DELETE FROM public.tenant_migrations WHERE tenant_id = '$id'",
        &["line in the ledger: is missing (version"],
    ),
];

/// What is no drift.
pub const THE_SAME: &[&str] = &[
    "INSERT INTO users VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', 'member', NULL, now(), now())",
    "COMMENT ON TABLE projects IS 'by hand'",
    "ANALYZE projects",
    // Statements name their columns, so their order means nothing.
    "ALTER TABLE projects DROP COLUMN description; ALTER TABLE projects ADD COLUMN description text NOT NULL",
];
