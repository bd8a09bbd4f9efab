-- Work that is asked for by a request and told of by its steps, whether it ends with the request or after it.
CREATE TABLE public.operations (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    -- What it is about. No foreign key: it outlives a tenant that it deletes.
    tenant_id uuid,
    -- Who asked, and may read it: a user of that tenant. A tenant's clone has users of the same ids, so the tenant belongs to it.
    starter_id uuid,
    starter_tenant_id uuid,
    status text NOT NULL
        CONSTRAINT operations_status_known CHECK (status IN ('running', 'succeeded', 'failed')),
    -- [{"name", "status"}], in order.
    steps jsonb NOT NULL,
    error text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
