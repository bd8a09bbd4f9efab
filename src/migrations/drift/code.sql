WITH
-- Functions, types and whatever else is in the schema $1, one row an object.
member AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = n.oid AND d.objsubid = 0
    WHERE n.nspname = $1 AND d.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_default_acl'::regclass)
)
SELECT format('function %I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS object, NULL AS part_of,
    CASE WHEN p.prokind = 'a' THEN (SELECT format('aggregate of %s by %s, final %s, start %s', a.aggtranstype::regtype, a.aggtransfn, a.aggfinalfn, a.agginitval)
        FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END AS definition
FROM member m JOIN pg_catalog.pg_proc p ON m.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = m.objid
-- A range type brings its functions, and a multirange.
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = m.classid AND i.objid = m.objid AND i.deptype = 'i')
UNION ALL
SELECT format('%s %I', CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, t.typname), NULL,
    CASE t.typtype
        WHEN 'e' THEN 'enum of ' || (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
        WHEN 'd' THEN concat(format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN ' not null' END,
            ' default ' || pg_get_expr(t.typdefaultbin, 0),
            (SELECT string_agg(format(' constraint %I %s', k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
        WHEN 'c' THEN 'row of ' || (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
        WHEN 'r' THEN 'range of ' || (SELECT format_type(r.rngsubtype, NULL) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid)
        ELSE 'of kind ' || t.typtype::text
    END
FROM member m JOIN pg_catalog.pg_type t ON m.classid = 'pg_catalog.pg_type'::regclass AND t.oid = m.objid
WHERE t.typtype <> 'm'
UNION ALL
SELECT format('statistics %I', s.stxname), format('table %I', c.relname), pg_get_statisticsobjdef(s.oid)
FROM member m
JOIN pg_catalog.pg_statistic_ext s ON m.classid = 'pg_catalog.pg_statistic_ext'::regclass AND s.oid = m.objid
JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid
UNION ALL
-- Operators, collations, extensions and rarer things: that they are there.
SELECT i.type || ' ' || i.identity, NULL, ''
FROM member m CROSS JOIN LATERAL pg_identify_object(m.classid, m.objid, 0) i
WHERE m.classid NOT IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_statistic_ext'::regclass)
