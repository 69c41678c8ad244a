-- Lists anew the performers `ids`, whose rows have just been changed: here, or by the worker when they are many.
--
-- Up to a thousand are followed in the transaction that changes them. More wait for the worker in `stale_listing`,
-- or a change of one category would outlast every timeout. `marketplace.listings` is off for bulk loads, which
-- fill the listings themselves.
CREATE OR REPLACE FUNCTION listings_changed(ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF ids IS NULL OR current_setting('marketplace.listings', true) = 'off' THEN
        RETURN;
    ELSIF cardinality(ids) <= 1000 THEN
        PERFORM refresh_listings(ARRAY(SELECT DISTINCT unnest(ids)));
    ELSE
        INSERT INTO stale_listing (performer_id) SELECT DISTINCT unnest(ids) ORDER BY 1 ON CONFLICT DO NOTHING;
    END IF;
END $$;
