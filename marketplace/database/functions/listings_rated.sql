-- Gives the listings of the performers `ids` their new rating, of whom nothing else has changed.
--
-- A rating changes often, and everybody who reviews the same performer waits for the performer's row meanwhile: words,
-- categories and prices are left as they are. Many performers at once wait for the worker, as other changes do.
CREATE OR REPLACE FUNCTION listings_rated(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(ids) > 1000 THEN
        PERFORM listings_changed(ids);
        RETURN;
    ELSIF ids IS NULL OR current_setting('marketplace.listings', true) = 'off' THEN
        RETURN;
    END IF;
    UPDATE performer_listing l
    SET rating_count = p.rating_count, rating_sum = p.rating_sum,
        score = ranking_score(p.rating_sum, p.rating_count)
    FROM performer p WHERE l.performer_id = ANY (ids) AND p.id = l.performer_id;

    UPDATE performer_listing_category e SET score = l.score
    FROM performer_listing l
    WHERE e.performer_id = ANY (ids) AND l.performer_id = e.performer_id AND e.score <> l.score;

    UPDATE service_listing s SET rating_count = l.rating_count, rating_sum = l.rating_sum, score = l.score
    FROM performer_listing l WHERE s.performer_id = ANY (ids) AND l.performer_id = s.performer_id;
END $$;
