-- A parameter of this type puts a tenant's scope on: its check sets path and role. PostgreSQL reads a statement's parameters before it plans and runs
-- the statement, in the same transaction, so a prepared statement brings its own scope along. Where the schema or the role does not exist, the check
-- fails, and the statement does not run.
--   ''         the scope is on already
--   'public'   the shared tables: an empty path, the login's own role
--   otherwise  the name of a tenant's schema, and of its role
CREATE DOMAIN public.tenant_scope AS text NOT NULL
    CONSTRAINT tenant_scope_is_put_on CHECK (
        CASE VALUE
            WHEN '' THEN true
            WHEN 'public' THEN
                set_config('search_path', '', false) IS NOT NULL
                AND set_config('role', 'none', false) IS NOT NULL
            ELSE
                set_config('search_path', VALUE::regnamespace::text, false) IS NOT NULL
                AND set_config('role', VALUE, false) IS NOT NULL
        END
    );
