-- Work that was asked for by a request which did not wait for its end.
CREATE TABLE public.operations (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    tenant_id uuid,
    -- Who asked; may read it.
    starter_id uuid,
    status text NOT NULL
        CONSTRAINT operations_status_known CHECK (status IN ('running', 'succeeded', 'failed')),
    -- [{"name", "status"}], in order.
    steps jsonb NOT NULL,
    error text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
