-- The listings of the public services of the listed performers among `ids` (NULL: all).
CREATE OR REPLACE FUNCTION service_listing_of(ids bigint[]) RETURNS SETOF service_listing
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
    JOIN category c ON c.id = s.category_id
    JOIN tree ON tree.category_id = s.category_id
    WHERE (ids IS NULL OR l.performer_id = ANY (ids))
      AND service_is_public(s.is_active, s.deleted_at, s.hidden_at, c.is_active)
$$;
