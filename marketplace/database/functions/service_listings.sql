-- Lists anew the performers who have new services.
--
-- Rows of performers who are not public are not worth a lock.
CREATE OR REPLACE FUNCTION service_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM now_there AS changed JOIN performer p ON p.id = changed.performer_id
        WHERE p.active AND p.status = 'approved'
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER service_listed AFTER INSERT ON service
    REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION service_listings();
