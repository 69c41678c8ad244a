"""What a database's schema is made of, as PostgreSQL itself tells it: to compare one database with another."""

from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812  # a type, as the driver names it

Catalogue = dict[str, list[tuple[Any, ...]]]

OURS = "NOT EXISTS (SELECT FROM pg_depend WHERE objid = {} AND deptype = 'e')"
"""What no extension has brought."""
PARTS = {
    "extensions": "SELECT extname FROM pg_extension",
    "relations": f"""
        SELECT relname, relkind, relpersistence, reloptions, relrowsecurity, relreplident, relacl,
               obj_description(c.oid, 'pg_class'), CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END
        FROM pg_class AS c
        WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' AND {OURS.format("c.oid")}
    """,
    "columns": """
        SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY attnum), attname,
               format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage,
               attcompression, coalesce(attstattarget, -1), attcollation::regcollation, attacl,
               pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
        FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND attnum > 0 AND NOT attisdropped
    """,
    "sequences": "SELECT * FROM pg_sequences WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": """
        SELECT pg_get_indexdef(indexrelid), indisvalid, indisreplident, c.reloptions
        FROM pg_index JOIN pg_class AS c ON c.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
    """,
    "functions": f"""
        SELECT proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid), proacl,
               obj_description(p.oid, 'pg_proc')
        FROM pg_proc AS p
        WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a' AND {OURS.format("p.oid")}
    """,
    "triggers": """
        SELECT pg_get_triggerdef(t.oid), tgenabled
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = tgrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
    """,
    "types": f"""
        SELECT typname, typtype FROM pg_type AS t
        WHERE typnamespace = 'public'::regnamespace AND typtype <> 'b' AND {OURS.format("t.oid")}
    """,
    "policies": "SELECT * FROM pg_policies WHERE schemaname = 'public'",
    "schemas": "SELECT nspname, nspacl FROM pg_namespace WHERE nspname !~ '^pg_'",
    "defaults": "SELECT defaclobjtype, defaclacl FROM pg_default_acl",
    "statistics": """
        SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxnamespace = 'public'::regnamespace
    """,
}


def catalogue(connection: Connection, *parts: str) -> Catalogue:
    """Each part with its rows, or those named; equal for databases that nobody can tell apart by use."""
    found: Catalogue = {}
    with connection.cursor() as cursor:
        for part in parts or PARTS:
            cursor.execute(PARTS[part])
            found[part] = sorted(cursor.fetchall(), key=repr)
    return found
