-- Holds no data. Connections that put scopes on by it must have ended.
DROP DOMAIN public.tenant_scope;
