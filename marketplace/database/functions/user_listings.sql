-- Lists anew the performers whose name, block or deletion has changed.
CREATE OR REPLACE FUNCTION user_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM now_there n JOIN was_there o ON o.id = n.id
        JOIN performer p ON p.user_id = n.id
        WHERE (n.first_name, left(n.last_name, 1), n.is_active, n.deleted_at)
            IS DISTINCT FROM (o.first_name, left(o.last_name, 1), o.is_active, o.deleted_at)
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER user_relisted AFTER UPDATE ON "user"
    REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION user_listings();
