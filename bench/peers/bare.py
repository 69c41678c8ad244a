"""The limit: the same page by bare WSGI, psycopg2 and orjson, without anything that a service needs besides.

BENCH_DSN=... gunicorn -k gthread --threads 8 bench.peers.bare:app
"""

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import orjson
from psycopg2.pool import ThreadedConnectionPool

SQL = """
    SELECT found.performer_id, p.user_id, u.first_name, left(u.last_name, 1), u.avatar_key, p.headline,
           l.city_id, c.name, c.country_code, l.verified, l.rating_count, l.rating_sum, l.created_at, l.price,
           l.currency, (
               SELECT json_agg(json_build_object('id', k.id, 'slug', k.slug, 'name', k.names ->> 'en')
                               ORDER BY k.id)::text
               FROM performer_category pc
               CROSS JOIN LATERAL (SELECT * FROM category WHERE id = pc.category_id OFFSET 0) AS k
               WHERE pc.performer_id = found.performer_id AND k.is_active)
    FROM (
        SELECT performer_id, created_at FROM performer_listing_category
        WHERE category_id = %s AND city_id = %s ORDER BY created_at DESC, performer_id DESC LIMIT 21
    ) AS found
    JOIN performer_listing l ON l.performer_id = found.performer_id
    JOIN performer p ON p.id = found.performer_id
    JOIN "user" u ON u.id = p.user_id
    JOIN city c ON c.id = l.city_id
    ORDER BY found.created_at DESC, found.performer_id DESC"""
MIN_SHOWN_REVIEWS = 3

pool = ThreadedConnectionPool(8, 16, os.environ["BENCH_DSN"])


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """GET /?city_id=&category_id="""
    query = parse_qs(environ["QUERY_STRING"])
    connection = pool.getconn()
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(SQL, (int(query["category_id"][0]), int(query["city_id"][0])))
            rows = cursor.fetchall()
    finally:
        pool.putconn(connection)
    items = [
        {
            "id": row[0],
            "user": {
                "id": row[1],
                "first_name": row[2],
                "last_name": row[3],
                "avatar_url": row[4] and "/media/" + row[4],
            },
            "headline": row[5],
            "city": {"id": row[6], "name": row[7], "country_code": row[8]},
            "categories": orjson.Fragment(row[15] or "[]"),
            "verified": row[9],
            "rating": round(row[11] / row[10], 2) if row[10] >= MIN_SHOWN_REVIEWS else None,
            "rating_count": row[10],
            "price_from": None if row[14] is None else {"amount": row[13], "currency": row[14]},
            "distance_km": None,
            "created_at": row[12],
        }
        for row in rows[:20]
    ]
    more = [rows[19][12], rows[19][0]] if len(rows) > len(items) else None
    body = orjson.dumps({"items": items, "next": more, "previous": None}, option=orjson.OPT_UTC_Z)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
