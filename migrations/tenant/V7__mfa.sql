-- A user's second factor. A binary that does not know it would sign people in without it, so it may not serve this schema.
CREATE TABLE totp (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- Sealed by APP_SECRET.
    secret bytea NOT NULL,
    -- Null until a first code proved that the user has it.
    confirmed_at timestamptz,
    -- The time step of the last code that was accepted; no code of it or before works again.
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL
);

-- For who lost the device; each works once, only their HMAC is kept.
CREATE TABLE recovery_codes (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX recovery_codes_user ON recovery_codes (user_id);
