-- Who did what. Written in the transaction of the change.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL
        CONSTRAINT audit_log_actor_known CHECK (actor_kind IN ('user', 'operator', 'system')),
    actor_id uuid,
    -- For the system: why it acted.
    reason text,
    action text NOT NULL,
    resource text NOT NULL,
    resource_id uuid,
    before jsonb,
    after jsonb,
    address text,
    user_agent text,
    request_id text
);

-- The tenant's role has the schema's name. It may add to the log and read it, never change it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = current_schema()) THEN
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM %I', current_schema());
    END IF;
END
$$;
