-- What a tenant's plan allows.
CREATE TABLE public.plans (
    key text PRIMARY KEY,
    name text NOT NULL,
    -- Requests of the whole tenant, over all nodes that share a store.
    requests_per_minute integer NOT NULL CHECK (requests_per_minute > 0)
);

INSERT INTO public.plans (key, name, requests_per_minute) VALUES
    ('free', 'Free', 600),
    ('standard', 'Standard', 6000),
    ('scale', 'Scale', 60000);

ALTER TABLE public.tenants
    ADD COLUMN plan text NOT NULL DEFAULT 'standard' CONSTRAINT tenants_plan_fkey REFERENCES public.plans (key);
