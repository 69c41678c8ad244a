-- Lists anew the performers whose services were deleted.
--
-- Rows of performers who are not public are not worth a lock.
CREATE OR REPLACE FUNCTION service_end_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM was_there AS changed JOIN performer p ON p.id = changed.performer_id
        WHERE p.active AND p.status = 'approved'
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER service_unlisted AFTER DELETE ON service
    REFERENCING OLD TABLE AS was_there
    FOR EACH STATEMENT EXECUTE FUNCTION service_end_listings();
