-- Answers to requests that carried an Idempotency-Key; written in the transaction of what they made.
CREATE TABLE idempotency_keys (
    actor_id uuid NOT NULL,
    key text NOT NULL,
    -- SHA-256 of method, path and body.
    fingerprint bytea NOT NULL,
    location text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor_id, key)
);
