-- Ready tenants hold nobody's data, so they go with their list. What was set aside is being dropped by a server.
-- A server that still runs may be taking one at this moment.
LOCK TABLE public.spare_tenants, public.set_aside_schemas IN ACCESS EXCLUSIVE MODE;

DO $$
DECLARE
    spare text;
BEGIN
    IF EXISTS (SELECT FROM public.set_aside_schemas) THEN
        RAISE EXCEPTION 'temporary schemas are waiting to be dropped, and nobody would know of them; `tenantry tenant ready --count 0` drops them';
    END IF;
    IF (SELECT count(*) FROM public.spare_tenants) > 20 THEN
        RAISE EXCEPTION 'there are more than 20 ready tenants, too many locks for one transaction; let new tenants take them, or drop some by hand';
    END IF;
    FOR spare IN SELECT 't_' || replace(id::text, '-', '') FROM public.spare_tenants LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', spare);
        EXECUTE format('DROP ROLE IF EXISTS %I', spare);
    END LOOP;
END $$;

DROP TABLE public.set_aside_schemas, public.spare_tenants;
