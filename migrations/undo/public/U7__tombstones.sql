-- Without these columns nobody would know until when a deleted tenant can be restored, nor that its schema has another name.
LOCK TABLE public.tenants IN ACCESS EXCLUSIVE MODE;
DO $$ BEGIN
    IF EXISTS (SELECT FROM public.tenants WHERE status = 'deleted') THEN
        RAISE EXCEPTION 'there are deleted tenants, which could neither be restored nor purged any more; restore them, or purge them when their time is over';
    END IF;
END $$;

ALTER TABLE public.tenants
    DROP COLUMN purging,
    DROP COLUMN purge_after,
    DROP COLUMN deleted_at,
    DROP COLUMN status_before;
