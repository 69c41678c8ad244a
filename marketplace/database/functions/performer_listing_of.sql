-- The listings of the public performers among `ids` (NULL: all), as their tables stand now.
CREATE OR REPLACE FUNCTION performer_listing_of(ids bigint[]) RETURNS SETOF performer_listing
LANGUAGE sql STABLE AS $$
    WITH RECURSIVE above AS (
        SELECT id AS category_id, id AS ancestor_id, parent_id FROM category
        UNION
        SELECT above.category_id, c.id, c.parent_id FROM above JOIN category c ON c.id = above.parent_id
    ), wanted AS (
        SELECT p.*, u.first_name || ' ' || left(u.last_name, 1) AS public_name
        FROM performer p JOIN "user" u ON u.id = p.user_id
        WHERE (ids IS NULL OR p.id = ANY (ids))
          AND performer_is_public(p.active, p.status, u.is_active, u.deleted_at)
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
        FROM service s JOIN category c ON c.id = s.category_id
        WHERE (ids IS NULL OR s.performer_id = ANY (ids))
          AND service_is_public(s.is_active, s.deleted_at, s.hidden_at, c.is_active)
        GROUP BY 1
    )
    SELECT w.id, w.city_id, coalesce(placed.category_ids, '{}'), w.verified, w.rating_count, w.rating_sum,
           ranking_score(w.rating_sum, w.rating_count),
           coalesce(offered.amount, 9223372036854775807), offered.currency, w.created_at,
           search_words(w.public_name, concat_ws(' ', w.headline, named.names, offered.titles),
                        w.about)
    FROM wanted w
    LEFT JOIN placed ON placed.performer_id = w.id
    LEFT JOIN named ON named.performer_id = w.id
    LEFT JOIN offered ON offered.performer_id = w.id
$$;
