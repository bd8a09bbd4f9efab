-- Operators acting as a tenant's user, with a reason, for a quarter of an hour.
CREATE TABLE public.impersonations (
    id uuid PRIMARY KEY,
    operator_id uuid NOT NULL,
    -- The operator's own sign-in; when it ends, so does this.
    operator_session_id uuid NOT NULL,
    tenant_id uuid NOT NULL REFERENCES public.tenants (id) ON DELETE CASCADE,
    user_id uuid NOT NULL,
    -- What its access token's sid names.
    session_id uuid NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Null where it ran its time.
    ended_at timestamptz
);

CREATE INDEX impersonations_session ON public.impersonations (session_id);
CREATE INDEX impersonations_operator_session ON public.impersonations (operator_session_id);
CREATE INDEX impersonations_tenant ON public.impersonations (tenant_id);
