-- Sessions that ended because their tenant was deleted: whoever comes with such a token is told so.
ALTER TABLE public.revoked_sessions ADD COLUMN with_tenant boolean NOT NULL DEFAULT false;
-- Every node looks again and again for work whose process has ended; only what runs is of interest.
CREATE INDEX operations_running ON public.operations (heartbeat_at) WHERE status = 'running';
