-- Mails to be sent: written in the transaction of what they tell of, taken by any node, gone once sent.
CREATE TABLE public.mails (
    id uuid PRIMARY KEY,
    -- No foreign key: a mail that tells of a deletion outlives its tenant.
    tenant_id uuid NOT NULL,
    recipient text NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    -- Null: given up; it stays here to be seen.
    next_try_at timestamptz,
    last_error text,
    created_at timestamptz NOT NULL
);

CREATE INDEX mails_due ON public.mails (next_try_at) WHERE next_try_at IS NOT NULL;
