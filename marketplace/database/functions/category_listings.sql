-- Lists anew the performers in a changed category and below it, and those with services there.
CREATE OR REPLACE FUNCTION category_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        WITH RECURSIVE changed AS (
            SELECT n.id FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.parent_id, n.is_active, n.names) IS DISTINCT FROM (o.parent_id, o.is_active, o.names)
            UNION
            SELECT c.id FROM changed JOIN category c ON c.parent_id = changed.id
        )
        SELECT array_agg(performer_id) FROM (
            SELECT pc.performer_id FROM changed JOIN performer_category pc ON pc.category_id = changed.id
            UNION
            SELECT s.performer_id FROM changed JOIN service s ON s.category_id = changed.id
        ) AS concerned
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER category_relisted AFTER UPDATE ON category
    REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION category_listings();
