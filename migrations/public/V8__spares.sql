-- Ready tenants: whole schemas under their final id that nobody has yet. docs/adr/0008-ready-tenants.md says how they are claimed.
CREATE TABLE public.spare_tenants (
    id uuid PRIMARY KEY,
    -- What it was made from, and for whom. Only a program that would make the same takes it.
    version integer NOT NULL,
    checksum text NOT NULL,
    fence boolean NOT NULL,
    login text NOT NULL,
    owner text NOT NULL,
    duration_ms integer NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);

-- Schemas of temporary tenants that are gone from the registry. They are dropped in the background.
CREATE TABLE public.set_aside_schemas (
    tenant_id uuid PRIMARY KEY,
    set_aside_at timestamptz NOT NULL DEFAULT now()
);
