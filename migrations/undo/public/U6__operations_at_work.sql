-- Takes away what operations gave; the operations stay.
ALTER TABLE public.operations
    DROP COLUMN result,
    DROP COLUMN heartbeat_at;
