-- Roles: the built-in ones, whose permissions are the program's, and the tenant's own.
CREATE TABLE roles (
    name text PRIMARY KEY
        CONSTRAINT roles_name_shape CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    -- Who stands strictly above whom.
    rank integer NOT NULL,
    builtin boolean NOT NULL DEFAULT false,
    description text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO roles (name, rank, builtin) VALUES
    ('guest', 10, true),
    ('member', 20, true),
    ('admin', 30, true),
    ('super_admin', 40, true);

-- What the tenant's own roles are granted.
CREATE TABLE role_permissions (
    role text NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    permission text NOT NULL,
    extent text NOT NULL
        CONSTRAINT role_permissions_extent_known CHECK (extent IN ('own', 'tenant', 'all')),
    PRIMARY KEY (role, permission)
);

ALTER TABLE users
    ADD CONSTRAINT users_role_fkey FOREIGN KEY (role) REFERENCES roles (name),
    -- False until the address confirms, for those whom nobody vouched for.
    ADD COLUMN email_verified boolean NOT NULL DEFAULT true,
    -- `sub` of the outside issuer whose tokens are this user's.
    ADD COLUMN external_subject text CONSTRAINT users_external_subject_key UNIQUE;

CREATE INDEX users_role ON users (role);

-- Secrets that work once and were sent to somebody; only their SHA-256 is kept.
CREATE TABLE one_time_tokens (
    hash bytea PRIMARY KEY,
    kind text NOT NULL
        CONSTRAINT one_time_tokens_kind_known CHECK (kind IN ('verify_email', 'reset_password', 'change_email', 'mfa')),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The address that it was sent to and proves.
    email text,
    -- Wrong codes that were tried with it.
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);

-- Users may go; their projects stay with the tenant.
ALTER TABLE projects
    ALTER COLUMN owner_id DROP NOT NULL,
    DROP CONSTRAINT projects_owner_fkey,
    ADD CONSTRAINT projects_owner_fkey FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE SET NULL;

-- The address of what was made follows from the answer.
ALTER TABLE idempotency_keys DROP COLUMN location;

-- How many pairs the token gave: parallel tabs may use it at the same moment, but not without bound.
ALTER TABLE refresh_tokens ADD COLUMN uses integer NOT NULL DEFAULT 0;

-- The operator who acts as the user in this session, which then has no refresh token and ends with the one access token.
ALTER TABLE sessions ADD COLUMN impersonator_id uuid;
