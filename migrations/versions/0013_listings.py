"""What the public lists are read from: listings of performers and services, and the words that occur in them.

The database keeps them itself (functions here, triggers in 0014), so that they are right beside old code too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# What PostgreSQL's parser would take for paths, addresses or signs is spaces to it, and so is all that ends a
# word; accents and case do not count.
FOLD = r"""
CREATE FUNCTION search_fold(value text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT translate(lower(unaccent(value)), E'./@:-+_\\%#&=~^*<>|$,;!?()[]{}"''`«»„“”‘’…—–·\n\t', repeat(' ', 50))
$$
"""

# A chunk with symbols ("100%", "c++", "a_b") is asked for literally, so it is a lexeme as it stands.
SYMBOLS = r"""
CREATE FUNCTION search_symbols(value text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value ~ '[/@+_\\%#&=~^*<>|$]' THEN (
        SELECT coalesce(array_agg(DISTINCT token), '{}')
        FROM (
            SELECT left(btrim(chunk, '.,;:!?()[]{}"''`'), 64)
            FROM regexp_split_to_table(lower(unaccent(value)), '\s+') AS chunk
            WHERE chunk ~ '[/@+_\\%#&=~^*<>|$]'
        ) AS found (token)
        WHERE token <> ''
    ) ELSE '{}' END
$$
"""

# Of very much text (hundreds of services) the beginning counts: a tsvector ends at 1 MB.
#
# Each word as it is, and once more with the prefix of the field it stands out in: "0n" the name, "0h" what
# the performer or service is (headline, titles, categories). GIN keeps no weights, so a field is a lexeme.
WORDS = r"""
CREATE FUNCTION search_words(name text, heading text, body text) RETURNS tsvector
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    n text := ' ' || search_fold(name);
    h text := ' ' || search_fold(left(heading, 20000));
    b text := lower(unaccent(left(body, 50000)));
    symbols text[] := search_symbols(concat_ws(' ', name, left(heading, 20000), b));
    words tsvector := strip(to_tsvector('simple',
        n || h || ' ' || translate(b, './@:-+_', '       ') || replace(n, ' ', ' 0n') || replace(h, ' ', ' 0h')));
BEGIN
    RETURN CASE WHEN symbols = '{}' THEN words ELSE words || array_to_tsvector(symbols) END;
END $$
"""

STEMS = """
CREATE FUNCTION search_stems(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(stem), '{}') FROM (
        SELECT 'en:' || unnest(ts_lexize('english_stem', word))
        UNION ALL SELECT 'es:' || unnest(ts_lexize('spanish_stem', word))
        UNION ALL SELECT 'ar:' || unnest(ts_lexize('arabic_stem', word))
    ) AS stems (stem)
$$
"""

# What the words of `q` may mean in the listings: each asked word with the words that have its stem in the
# reader's language (rank 2), that contain it (1), or, when there are none of these and no longer word begins
# with it, that look most like it (0). `stop` marks those that say nothing in that language.
EXPAND = r"""
CREATE FUNCTION search_expand(q text, language text)
RETURNS TABLE (asked text, symbolic boolean, stop boolean, word text, rank integer)
LANGUAGE plpgsql STABLE SET pg_trgm.similarity_threshold = 0.25 AS $$
DECLARE
    dictionary regdictionary := CASE language
        WHEN 'es' THEN 'spanish_stem' WHEN 'ar' THEN 'arabic_stem' ELSE 'english_stem' END;
    like_it text;
    chunk text;
    plain text := '';
BEGIN
    FOREACH chunk IN ARRAY regexp_split_to_array(q, '\s+') LOOP
        IF chunk ~ '[/@+_\\%#&=~^*<>|$]' THEN
            FOREACH asked IN ARRAY search_symbols(chunk) LOOP
                symbolic := true; stop := false; rank := 1;
                like_it := '%' || replace(replace(replace(asked, '\', '\\'), '%', '\%'), '_', '\_') || '%';
                RETURN QUERY SELECT asked, symbolic, stop, s.word, 1 FROM search_word s
                    WHERE s.word LIKE like_it ORDER BY length(s.word), s.word LIMIT 200;
                word := NULL;
                RETURN NEXT;
            END LOOP;
        ELSE
            plain := plain || ' ' || chunk;
        END IF;
    END LOOP;
    FOREACH asked IN ARRAY tsvector_to_array(to_tsvector('simple', search_fold(plain))) LOOP
        symbolic := false;
        stop := coalesce(ts_lexize(dictionary, asked) = '{}', false);
        word := NULL; rank := 2;
        RETURN NEXT;
        RETURN QUERY SELECT asked, symbolic, stop, s.word, 2 FROM search_word s
            WHERE s.stems @> ARRAY[(CASE language WHEN 'es' THEN 'es:' WHEN 'ar' THEN 'ar:' ELSE 'en:' END)
                                   || (ts_lexize(dictionary, asked))[1]]
            ORDER BY length(s.word), s.word LIMIT 50;
        like_it := '%' || asked || '%';
        RETURN QUERY SELECT asked, symbolic, stop, s.word, 1 FROM search_word s
            WHERE s.word LIKE like_it ORDER BY length(s.word), s.word LIMIT 200;
        CONTINUE WHEN FOUND OR length(asked) < 4 OR asked ~ '^[0-9]+$';
        RETURN QUERY SELECT asked, symbolic, stop, near.word, 0 FROM (
                SELECT s.word, similarity(s.word, asked) AS likeness, max(similarity(s.word, asked)) OVER () AS most
                FROM search_word s WHERE s.word % asked
            ) AS near
            WHERE likeness >= most - 0.1 ORDER BY likeness DESC, near.word LIMIT 10;
    END LOOP;
END $$
"""

# The public performers among `ids` (NULL: all) as they stand now.
PERFORMERS = """
CREATE FUNCTION performer_listing_of(ids bigint[]) RETURNS SETOF performer_listing
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT id AS category_id, id AS ancestor_id, parent_id FROM category
        UNION
        SELECT above.category_id, c.id, c.parent_id FROM above JOIN category c ON c.id = above.parent_id
    ), wanted AS (
        SELECT p.*, u.first_name || ' ' || left(u.last_name, 1) AS public_name
        FROM performer p JOIN "user" u ON u.id = p.user_id
        WHERE (ids IS NULL OR p.id = ANY (ids))
          AND p.active AND p.status = 'approved' AND u.is_active AND u.deleted_at IS NULL
    ), placed AS (
        SELECT pc.performer_id, array_agg(DISTINCT above.ancestor_id) AS category_ids
        FROM performer_category pc JOIN above ON above.category_id = pc.category_id
        WHERE ids IS NULL OR pc.performer_id = ANY (ids)
        GROUP BY 1
    ), named AS (
        SELECT pc.performer_id,
               string_agg((SELECT string_agg(value, ' ') FROM jsonb_each_text(c.names)), ' ') AS names
        FROM performer_category pc JOIN category c ON c.id = pc.category_id AND c.is_active
        WHERE ids IS NULL OR pc.performer_id = ANY (ids)
        GROUP BY 1
    ), offered AS (
        SELECT s.performer_id,
               string_agg(s.title, ' ') AS titles,
               (array_agg(s.price_amount ORDER BY s.price_amount, s.id)
                   FILTER (WHERE s.price_amount IS NOT NULL))[1] AS amount,
               (array_agg(s.price_currency ORDER BY s.price_amount, s.id)
                   FILTER (WHERE s.price_amount IS NOT NULL))[1] AS currency
        FROM service s JOIN category c ON c.id = s.category_id AND c.is_active
        WHERE (ids IS NULL OR s.performer_id = ANY (ids))
          AND s.is_active AND s.deleted_at IS NULL AND s.hidden_at IS NULL
        GROUP BY 1
    )
    SELECT w.id, w.city_id, coalesce(placed.category_ids, '{}'), w.verified, w.rating_count, w.rating_sum,
           (w.rating_sum + 20) * 1000000 / (w.rating_count + 5),
           coalesce(offered.amount, 9223372036854775807), offered.currency, w.created_at,
           search_words(w.public_name, concat_ws(' ', w.headline, named.names, offered.titles),
                        w.about)
    FROM wanted w
    LEFT JOIN placed ON placed.performer_id = w.id
    LEFT JOIN named ON named.performer_id = w.id
    LEFT JOIN offered ON offered.performer_id = w.id
$$
"""

# The public services of the listed performers among `ids` (NULL: all).
SERVICES = """
CREATE FUNCTION service_listing_of(ids bigint[]) RETURNS SETOF service_listing
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT id AS category_id, id AS ancestor_id, parent_id FROM category
        UNION
        SELECT above.category_id, c.id, c.parent_id FROM above JOIN category c ON c.id = above.parent_id
    ), tree AS (
        SELECT above.category_id, array_agg(DISTINCT above.ancestor_id) AS category_ids FROM above GROUP BY 1
    )
    SELECT s.id, s.performer_id, l.city_id, tree.category_ids, l.verified, l.rating_count, l.rating_sum, l.score,
           coalesce(s.price_amount, 9223372036854775807), s.price_currency, s.created_at,
           search_words('', s.title,
               concat_ws(' ', s.description, (SELECT string_agg(value, ' ') FROM jsonb_each_text(c.names))))
    FROM performer_listing l
    JOIN service s ON s.performer_id = l.performer_id
    JOIN category c ON c.id = s.category_id AND c.is_active
    JOIN tree ON tree.category_id = s.category_id
    WHERE (ids IS NULL OR l.performer_id = ANY (ids))
      AND s.is_active AND s.deleted_at IS NULL AND s.hidden_at IS NULL
$$
"""

# Locked first: of two transactions that change one performer, the later one sees what the earlier one stored.
REFRESH = """
CREATE FUNCTION refresh_listings(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM performer WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;

    DELETE FROM performer_listing l USING performer p, "user" u
    WHERE l.performer_id = ANY (ids) AND p.id = l.performer_id AND u.id = p.user_id
      AND NOT (p.active AND p.status = 'approved' AND u.is_active AND u.deleted_at IS NULL);

    INSERT INTO performer_listing AS l SELECT * FROM performer_listing_of(ids)
    ON CONFLICT (performer_id) DO UPDATE SET
        city_id = excluded.city_id, category_ids = excluded.category_ids, verified = excluded.verified,
        rating_count = excluded.rating_count, rating_sum = excluded.rating_sum, score = excluded.score,
        price = excluded.price, currency = excluded.currency, created_at = excluded.created_at,
        words = excluded.words
    WHERE l.* IS DISTINCT FROM excluded.*;

    DELETE FROM performer_listing_category e
    WHERE e.performer_id = ANY (ids) AND NOT EXISTS (
        SELECT FROM performer_listing l
        WHERE l.performer_id = e.performer_id AND e.category_id = ANY (l.category_ids)
    );
    INSERT INTO performer_listing_category AS e
    SELECT unnest(l.category_ids), l.performer_id, l.city_id, l.score, l.price, l.created_at
    FROM performer_listing l WHERE l.performer_id = ANY (ids)
    ON CONFLICT (category_id, performer_id) DO UPDATE SET
        city_id = excluded.city_id, score = excluded.score, price = excluded.price,
        created_at = excluded.created_at
    WHERE e.* IS DISTINCT FROM excluded.*;

    DELETE FROM service_listing l
    WHERE l.performer_id = ANY (ids) AND NOT EXISTS (
        SELECT FROM service s JOIN category c ON c.id = s.category_id AND c.is_active
        JOIN performer_listing listed ON listed.performer_id = s.performer_id
        WHERE s.id = l.service_id AND s.is_active AND s.deleted_at IS NULL AND s.hidden_at IS NULL
    );
    INSERT INTO service_listing AS l SELECT * FROM service_listing_of(ids)
    ON CONFLICT (service_id) DO UPDATE SET
        city_id = excluded.city_id, category_ids = excluded.category_ids, verified = excluded.verified,
        rating_count = excluded.rating_count, rating_sum = excluded.rating_sum, score = excluded.score,
        price = excluded.price, currency = excluded.currency, created_at = excluded.created_at,
        words = excluded.words
    WHERE l.* IS DISTINCT FROM excluded.*;

    -- In one order, so that two transactions with the same new words do not wait for each other.
    INSERT INTO search_word (word, stems)
    SELECT token, search_stems(token) FROM (
        SELECT DISTINCT lexeme AS token FROM (
            SELECT unnest(tsvector_to_array(words)) FROM performer_listing WHERE performer_id = ANY (ids)
            UNION ALL
            SELECT unnest(tsvector_to_array(words)) FROM service_listing WHERE performer_id = ANY (ids)
        ) AS lexemes (lexeme)
        WHERE lexeme NOT LIKE '0n%' AND lexeme NOT LIKE '0h%'
    ) AS tokens
    WHERE NOT EXISTS (SELECT FROM search_word known WHERE known.word = token)
    ORDER BY token
    ON CONFLICT DO NOTHING;
END $$
"""

# `ids` are the performers of the changed rows. Up to a thousand rows are followed in the transaction that changes
# them; more wait for the worker, or a change of one category would outlast every timeout. `marketplace.listings`
# is off for bulk loads, which fill the listings themselves.
CHANGED = """
CREATE FUNCTION listings_changed(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF ids IS NULL OR current_setting('marketplace.listings', true) = 'off' THEN
        RETURN;
    ELSIF cardinality(ids) <= 1000 THEN
        PERFORM refresh_listings(ARRAY(SELECT DISTINCT unnest(ids)));
    ELSE
        INSERT INTO stale_listing (performer_id) SELECT DISTINCT unnest(ids) ORDER BY 1 ON CONFLICT DO NOTHING;
    END IF;
END $$
"""

FUNCTIONS = {
    "search_fold(text)": FOLD,
    "search_symbols(text)": SYMBOLS,
    "search_words(text, text, text)": WORDS,
    "search_stems(text)": STEMS,
    "search_expand(text, text)": EXPAND,
    "performer_listing_of(bigint[])": PERFORMERS,
    "service_listing_of(bigint[])": SERVICES,
    "refresh_listings(bigint[])": REFRESH,
    "listings_changed(bigint[])": CHANGED,
}

KEYS = {"newest": "created_at DESC, {id} DESC", "score": "score DESC, {id} DESC", "price": "price, {id}"}


def upgrade() -> None:
    op.create_table(
        "performer_listing",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_facts(),
        sa.ForeignKeyConstraint(
            ["performer_id"], ["performer.id"], name=op.f("fk_performer_listing_performer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("performer_id", name=op.f("pk_performer_listing")),
    )
    op.create_table(
        "performer_listing_category",
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["performer_id"],
            ["performer.id"],
            name=op.f("fk_performer_listing_category_performer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("category_id", "performer_id", name=op.f("pk_performer_listing_category")),
    )
    op.create_table(
        "service_listing",
        sa.Column("service_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("performer_id", sa.BigInteger(), nullable=False),
        *_facts(),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_service_listing_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_service_listing")),
    )
    op.create_table(
        "stale_listing",
        sa.Column("performer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("performer_id", name=op.f("pk_stale_listing")),
    )
    op.create_table(
        "search_word",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("stems", ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    for table, identity in (("performer_listing", "performer_id"), ("service_listing", "service_id")):
        _keys(table, identity, ("", "city_id"))
        op.execute(f"CREATE INDEX ix_{table}_words ON {table} USING gin (words)")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN words SET STATISTICS 500")
    _keys("performer_listing_category", "performer_id", ("category_id", "category_id, city_id"))
    op.execute("CREATE INDEX ix_performer_listing_category_performer_id ON performer_listing_category (performer_id)")
    op.execute("CREATE INDEX ix_service_listing_performer_id ON service_listing (performer_id)")
    op.execute("CREATE INDEX ix_service_listing_category_ids ON service_listing USING gin (category_ids)")
    op.execute("CREATE INDEX ix_search_word_trgm ON search_word USING gin (word gin_trgm_ops)")
    op.execute("CREATE INDEX ix_search_word_stems ON search_word USING gin (stems)")
    for function in FUNCTIONS.values():
        op.execute(function)


def _facts() -> list[sa.Column]:
    return [
        sa.Column("city_id", sa.BigInteger(), nullable=False),
        sa.Column("category_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("rating_count", sa.BigInteger(), nullable=False),
        sa.Column("rating_sum", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
    ]


def _keys(table: str, identity: str, prefixes: tuple[str, ...]) -> None:
    """One index for each order, below each combination of equal columns."""
    for prefix in prefixes:
        within = "".join(f"_{column.removesuffix('_id')}" for column in prefix.split(", ") if column)
        for name, key in KEYS.items():
            columns = ", ".join(filter(None, (prefix, key.format(id=identity))))
            op.execute(f"CREATE INDEX ix_{table}{within}_{name} ON {table} ({columns})")


def downgrade() -> None:
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for table in (
        "search_word",
        "stale_listing",
        "service_listing",
        "performer_listing_category",
        "performer_listing",
    ):
        op.drop_table(table)
