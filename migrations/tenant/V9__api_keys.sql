-- Credentials of programs. Only the HMAC-SHA-256 of a key is kept.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- The recognisable beginning, for people to tell keys apart.
    prefix text NOT NULL,
    hash bytea NOT NULL CONSTRAINT api_keys_hash_key UNIQUE,
    owner_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Permissions that the key is limited to; it never has more than its owner.
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz
);

CREATE INDEX api_keys_owner ON api_keys (owner_id);
