-- What is shared: who the tenants are and where each stands. Everything that belongs to a tenant is in its own schema.

-- Tenants' roles must not see what is shared; the application's login is granted what it needs by name.
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.tenants (
    id uuid PRIMARY KEY,
    slug text NOT NULL
        CONSTRAINT tenants_slug_key UNIQUE
        CONSTRAINT tenants_slug_shape CHECK (slug ~ '^[a-z](-?[a-z0-9])+$' AND length(slug) <= 63),
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT tenants_status_known CHECK (status IN ('active', 'suspended', 'cancelled', 'deleted')),
    -- A schema for one test or one CI job; dropped after expires_at.
    temporary boolean NOT NULL DEFAULT false,
    expires_at timestamptz
        CONSTRAINT tenants_temporary_expires CHECK (temporary = (expires_at IS NOT NULL)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tenants_expiry ON public.tenants (expires_at) WHERE temporary;

-- The fleet ledger: one row a tenant, written in the transaction of that tenant's migration.
CREATE TABLE public.tenant_migrations (
    tenant_id uuid PRIMARY KEY REFERENCES public.tenants (id) ON DELETE CASCADE,
    -- Last tenant migration that the schema has; 0 is none.
    version integer NOT NULL,
    -- Over all migrations up to version.
    checksum text NOT NULL,
    -- Oldest binary, by its newest tenant migration, that can work with this schema.
    needs_binary integer NOT NULL,
    state text NOT NULL
        CONSTRAINT tenant_migrations_state_known CHECK (state IN ('current', 'failed')),
    -- Tries since the last success.
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    duration_ms integer,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Sessions whose access tokens are dead before their time; a node that starts or reconnects reads it once.
CREATE TABLE public.revoked_sessions (
    session_id uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE INDEX revoked_sessions_expiry ON public.revoked_sessions (expires_at);
