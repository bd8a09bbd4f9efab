WITH
-- Who owns the schema $1 and what is in it, and who may do what with it, one row an object.
-- $2 is the tenant's role, $3 the application's login, and who asks is the owner: these three have other names elsewhere.
space AS MATERIALIZED (
    SELECT n.oid, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
),
member AS MATERIALIZED (
    SELECT d.classid, d.objid FROM space s
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = s.oid AND d.objsubid = 0
),
relation AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relowner, c.relacl,
        CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
            WHEN 'f' THEN 'foreign table' ELSE 'table' END || format(' %I', c.relname) AS object,
        CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS kind
    FROM member m JOIN pg_catalog.pg_class c ON m.classid = 'pg_catalog.pg_class'::regclass AND c.oid = m.objid
),
thing AS (
    SELECT 'the schema' AS object, NULL AS part_of, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS acl FROM space
    UNION ALL
    SELECT object, object, relowner, coalesce(relacl, acldefault(kind, relowner)) FROM relation
    UNION ALL
    SELECT format('column %I.%I', r.relname, a.attname), r.object, r.relowner, a.attacl
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT format('function %I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
        format('function %I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
        p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
    FROM member m JOIN pg_catalog.pg_proc p ON m.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = m.objid
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = m.classid AND i.objid = m.objid AND i.deptype = 'i')
    UNION ALL
    SELECT format('%s %I', CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname),
        format('%s %I', CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname),
        t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
    FROM member m JOIN pg_catalog.pg_type t ON m.classid = 'pg_catalog.pg_type'::regclass AND t.oid = m.objid
    WHERE t.typtype <> 'm'
    UNION ALL
    SELECT 'future ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE d.defaclobjtype::text END
            || CASE WHEN pg_get_userbyid(d.defaclrole) = current_user THEN '' ELSE ' of ' || quote_ident(pg_get_userbyid(d.defaclrole)) END,
        NULL, d.defaclrole, d.defaclacl
    FROM member m JOIN pg_catalog.pg_default_acl d ON m.classid = 'pg_catalog.pg_default_acl'::regclass AND d.oid = m.objid
),
-- One line a grantee of each thing, and one for the owner.
said AS (
    SELECT object, part_of, 'owner' AS who, owner AS oid, NULL AS rights FROM thing
    UNION ALL
    SELECT t.object, t.part_of, 'grantee', e.grantee,
        string_agg(DISTINCT (e.privilege_type || CASE WHEN e.is_grantable THEN ' with grant option' ELSE '' END) COLLATE "C", ', ')
    FROM thing t CROSS JOIN LATERAL aclexplode(t.acl) e
    GROUP BY t.object, t.part_of, e.grantee
)
SELECT 'rights on ' || object AS object, part_of,
    string_agg(CASE who WHEN 'owner' THEN 'owner ' ELSE '' END || name || coalesce(': ' || rights, ''), E'\n' ORDER BY who DESC, name COLLATE "C") AS definition
FROM (
    SELECT object, part_of, who, rights,
        CASE WHEN oid = 0 THEN 'public' WHEN pg_get_userbyid(oid) = $2 THEN '<role>'
            WHEN pg_get_userbyid(oid) = current_user THEN '<owner>' WHEN pg_get_userbyid(oid) = $3 THEN '<app>'
            ELSE quote_ident(pg_get_userbyid(oid)) END AS name
    FROM said
) named
GROUP BY object, part_of
