-- The tenant's people. The same e-mail in two tenants is two accounts.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    -- Kept in lower case by the application.
    email text NOT NULL
        CONSTRAINT users_email_key UNIQUE
        CONSTRAINT users_email_lower CHECK (email = lower(email)),
    name text NOT NULL,
    role text NOT NULL,
    -- Argon2id, as a PHC string; null for accounts that cannot sign in with a password.
    password_hash text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- A sign-in: what an access token's sid names.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    -- No refresh after this, however often it was used.
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    address text,
    user_agent text
);

CREATE INDEX sessions_user ON sessions (user_id);

-- Single-use tokens; only their SHA-256 is kept.
CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);
