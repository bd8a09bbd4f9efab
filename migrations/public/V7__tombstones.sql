-- Deleted tenants: their schema stays, under another name and out of reach, until purge_after.
ALTER TABLE public.tenants
    -- Where a restored one comes back to.
    ADD COLUMN status_before text
        CONSTRAINT tenants_status_before_known CHECK (status_before IN ('active', 'suspended', 'cancelled')),
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN purge_after timestamptz,
    -- Its tables are being dropped; there is no way back.
    ADD COLUMN purging boolean NOT NULL DEFAULT false;

-- Nothing deleted tenants before this, but what did it by hand gets the usual time.
UPDATE public.tenants
    SET status_before = 'cancelled', deleted_at = updated_at, purge_after = updated_at + interval '30 days'
    WHERE status = 'deleted';

ALTER TABLE public.tenants
    ADD CONSTRAINT tenants_deleted_whole CHECK (
        (status = 'deleted') = (deleted_at IS NOT NULL)
        AND (deleted_at IS NULL) = (purge_after IS NULL)
        AND (deleted_at IS NULL) = (status_before IS NULL)
        AND (status = 'deleted' OR NOT purging));

CREATE INDEX tenants_purge ON public.tenants (purge_after) WHERE status = 'deleted';
