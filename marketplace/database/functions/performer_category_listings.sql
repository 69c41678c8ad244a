-- Lists anew the performers who have entered categories.
--
-- Rows of performers who are not public are not worth a lock.
CREATE OR REPLACE FUNCTION performer_category_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM now_there AS changed JOIN performer p ON p.id = changed.performer_id
        WHERE p.active AND p.status = 'approved'
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER performer_category_listed AFTER INSERT ON performer_category
    REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION performer_category_listings();

CREATE OR REPLACE TRIGGER performer_category_relisted AFTER UPDATE ON performer_category
    REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION performer_category_listings();
