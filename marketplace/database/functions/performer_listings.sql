-- Lists anew the performers of whom something that the public sees has changed.
CREATE OR REPLACE FUNCTION performer_listings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[];
    rated bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM listings_changed((SELECT array_agg(id) FROM now_there WHERE active AND status = 'approved'));
    ELSE
        SELECT array_agg(d.id) FILTER (WHERE d.changed), array_agg(d.id) FILTER (WHERE NOT d.changed)
        INTO changed, rated
        FROM (
            SELECT n.id, (n.city_id, n.headline, n.about, n.status, n.active, n.verified, n.created_at)
                IS DISTINCT FROM (o.city_id, o.headline, o.about, o.status, o.active, o.verified, o.created_at)
                AS changed
            FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.city_id, n.headline, n.about, n.status, n.active, n.verified, n.rating_count,
                   n.rating_sum, n.created_at)
                IS DISTINCT FROM (o.city_id, o.headline, o.about, o.status, o.active, o.verified,
                   o.rating_count, o.rating_sum, o.created_at)
              AND ((n.active AND n.status = 'approved') OR (o.active AND o.status = 'approved'))
        ) AS d;
        PERFORM listings_changed(changed);
        PERFORM listings_rated(rated);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER performer_listed AFTER INSERT ON performer
    REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION performer_listings();

CREATE OR REPLACE TRIGGER performer_relisted AFTER UPDATE ON performer
    REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION performer_listings();
