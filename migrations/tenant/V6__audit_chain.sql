-- The audit log becomes a chain: each row carries the hash of the row before it, and the head that of the last one, so that a row that
-- was altered, removed or inserted shows. docs/adr/0007-the-audit-chain.md says how, and what it does not show.
ALTER TABLE audit_log
    -- The operator who acted as the actor.
    ADD COLUMN impersonator_id uuid,
    -- 1, 2, 3, … in the order of commits, without a gap.
    ADD COLUMN seq bigint,
    ADD COLUMN prev_hash bytea,
    -- SHA-256 over everything else in the row.
    ADD COLUMN hash bytea,
    DROP CONSTRAINT audit_log_actor_known,
    ADD CONSTRAINT audit_log_actor_known CHECK (actor_kind IN ('user', 'operator', 'key', 'system'));

-- Where the chain ends: without it, nobody would miss the last rows. Before the first row, seq is 0 and the hash all zeros.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true
        CONSTRAINT audit_head_only_row CHECK (only_row),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);

INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Links a new row to the chain, whatever its inserter says of these columns. It runs as the owner, because the tenant's role may not
-- write the head; it finds its tables by the trigger's own schema, which may be renamed. The head's lock is held to the commit.
CREATE FUNCTION audit_chain() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $chain$
DECLARE
    taken boolean;
BEGIN
    EXECUTE format('SELECT seq + 1, hash FROM %I.audit_head FOR UPDATE', TG_TABLE_SCHEMA)
        INTO STRICT NEW.seq, NEW.prev_hash;
    -- ON CONFLICT DO NOTHING would leave the row out after the head has moved on. Under the lock nobody else can insert meanwhile.
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.audit_log WHERE id = $1)', TG_TABLE_SCHEMA)
        INTO STRICT taken USING NEW.id;
    IF taken THEN
        RAISE unique_violation USING
            MESSAGE = format('expected a new id for a row of the audit log, got %s, which has one', NEW.id),
            CONSTRAINT = 'audit_log_pkey';
    END IF;
    -- A JSON array of texts: quoted, so that no two rows give one text. The same columns in the same order as `audit.links`.
    NEW.hash := sha256(convert_to(array_to_json(ARRAY[
        NEW.seq::text, encode(NEW.prev_hash, 'hex'), NEW.id::text, extract(epoch FROM NEW.at)::text,
        NEW.actor_kind, NEW.actor_id::text, NEW.impersonator_id::text, NEW.reason,
        NEW.action, NEW.resource, NEW.resource_id::text, NEW.before::text, NEW.after::text,
        NEW.address, NEW.user_agent, NEW.request_id
    ])::text, 'UTF8'));
    EXECUTE format('UPDATE %I.audit_head SET seq = $1, hash = $2', TG_TABLE_SCHEMA)
        USING NEW.seq, NEW.hash;
    RETURN NEW;
END
$chain$;

REVOKE ALL ON FUNCTION audit_chain() FROM PUBLIC;

CREATE TRIGGER audit_chain BEFORE INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_chain();

-- What was written before there was a chain: once more through the trigger, in the order of its making.
DO $$
DECLARE
    line audit_log;
    head audit_head;
BEGIN
    FOR line IN
        WITH old AS (DELETE FROM audit_log RETURNING *) SELECT * FROM old ORDER BY id
    LOOP
        INSERT INTO audit_log SELECT line.*;
        -- A row that one transaction changes again and again is found ever more slowly; one that is made anew is not.
        SELECT * INTO STRICT head FROM audit_head;
        IF head.seq % 500 = 0 THEN
            TRUNCATE audit_head;
            INSERT INTO audit_head SELECT head.*;
        END IF;
    END LOOP;
END
$$;

ALTER TABLE audit_log
    ALTER COLUMN seq SET NOT NULL,
    ALTER COLUMN prev_hash SET NOT NULL,
    ALTER COLUMN hash SET NOT NULL,
    ADD CONSTRAINT audit_log_seq_key UNIQUE (seq);

CREATE INDEX audit_log_actor ON audit_log (actor_id, seq);
CREATE INDEX audit_log_action ON audit_log (action, seq);
CREATE INDEX audit_log_resource ON audit_log (resource_id, seq);
CREATE INDEX audit_log_at ON audit_log (at);

-- Whoever is not the owner (the tenant's role, or without the fence the application's login) adds to the log and reads it, and only
-- reads the head.
DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT granted.grantee::regrole::text
        FROM pg_catalog.pg_class AS log, pg_catalog.aclexplode(log.relacl) AS granted
        WHERE log.oid = 'audit_log'::regclass AND granted.grantee <> log.relowner AND granted.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM %s', grantee);
        EXECUTE format('REVOKE ALL ON audit_head FROM %s', grantee);
        EXECUTE format('GRANT SELECT ON audit_head TO %s', grantee);
    END LOOP;
END
$$;
