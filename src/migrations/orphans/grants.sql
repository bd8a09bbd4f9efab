WITH
-- The statements that give the role $1 what it has in the schema $1.
member AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid AND d.objsubid = 0
    WHERE n.nspname = $1
),
thing AS (
    SELECT format('SCHEMA %I', nspname) AS object, nspacl AS acl, '' AS before FROM pg_catalog.pg_namespace WHERE nspname = $1
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass, c.relacl, ''
    FROM member m JOIN pg_catalog.pg_class c ON m.classid = 'pg_catalog.pg_class'::regclass AND c.oid = m.objid
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure, p.proacl, ''
    FROM member m JOIN pg_catalog.pg_proc p ON m.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = m.objid
    UNION ALL
    SELECT 'TYPE ' || format_type(t.oid, NULL), t.typacl, ''
    FROM member m JOIN pg_catalog.pg_type t ON m.classid = 'pg_catalog.pg_type'::regclass AND t.oid = m.objid
    UNION ALL
    SELECT CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END, d.defaclacl,
        format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I ', $1)
    FROM member m JOIN pg_catalog.pg_default_acl d ON m.classid = 'pg_catalog.pg_default_acl'::regclass AND d.oid = m.objid
)
SELECT format('%sGRANT %s ON %s TO %I', t.before, string_agg(e.privilege_type, ', '), t.object, $1) AS statement
FROM thing t CROSS JOIN LATERAL aclexplode(t.acl) e
WHERE e.grantee = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1)
GROUP BY t.before, t.object
