-- Sessions stay ended; that their tenant was the reason is forgotten.
DROP INDEX public.operations_running;
ALTER TABLE public.revoked_sessions DROP COLUMN with_tenant;
