-- Who is asked to join. An invitation that was accepted or withdrawn is gone from here; the audit log knows of it.
CREATE TABLE invites (
    id uuid PRIMARY KEY,
    -- One invitation for one address; one that is too old gives way to the next.
    email text NOT NULL
        CONSTRAINT invites_email_key UNIQUE
        CONSTRAINT invites_email_lower CHECK (email = lower(email)),
    role text NOT NULL CONSTRAINT invites_role_fkey REFERENCES roles (name),
    -- SHA-256 of the token that the mail carries.
    token_hash bytea NOT NULL CONSTRAINT invites_token_key UNIQUE,
    invited_by uuid CONSTRAINT invites_invited_by_fkey REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX invites_role ON invites (role);
CREATE INDEX invites_invited_by ON invites (invited_by);
