-- Operations that go on after their answer: what they gave, and whether somebody is still at work.
ALTER TABLE public.operations
    ADD COLUMN result jsonb,
    -- By the database's clock; written again and again by the process at work. Null where it was done with its transaction.
    ADD COLUMN heartbeat_at timestamptz;
