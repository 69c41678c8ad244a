-- Makes the listings of the performers `ids`, and of their services, what their tables say.
--
-- The rows of the performers are locked first: of two transactions that change one performer, the later one sees
-- what the earlier one stored.
CREATE OR REPLACE FUNCTION refresh_listings(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM performer WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;

    DELETE FROM performer_listing l USING performer p, "user" u
    WHERE l.performer_id = ANY (ids) AND p.id = l.performer_id AND u.id = p.user_id
      AND NOT performer_is_public(p.active, p.status, u.is_active, u.deleted_at);

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
        SELECT FROM service s JOIN category c ON c.id = s.category_id
        JOIN performer_listing listed ON listed.performer_id = s.performer_id
        WHERE s.id = l.service_id AND service_is_public(s.is_active, s.deleted_at, s.hidden_at, c.is_active)
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
END $$;
