-- Who was asked to join; the token that their mail carries is kept as SHA-256.
CREATE TABLE invites (
    id uuid PRIMARY KEY,
    email text NOT NULL
        CONSTRAINT invites_email_lower CHECK (email = lower(email)),
    role text NOT NULL REFERENCES roles (name),
    token_hash bytea NOT NULL CONSTRAINT invites_token_key UNIQUE,
    invited_by uuid REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz
);

-- One open invitation for one address.
CREATE UNIQUE INDEX invites_open_email_key ON invites (email) WHERE accepted_at IS NULL;
