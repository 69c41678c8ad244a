-- Lists anew the performers of services of which something that the public sees has changed.
--
-- Rows of performers who are not public are not worth a lock.
CREATE OR REPLACE FUNCTION service_change_listings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM listings_changed((
        SELECT array_agg(p.id) FROM (
            SELECT n.performer_id FROM now_there n JOIN was_there o ON o.id = n.id
            WHERE (n.category_id, n.title, n.description, n.price_amount, n.price_currency, n.is_active,
                   n.deleted_at IS NULL, n.hidden_at IS NULL, n.created_at)
                IS DISTINCT FROM (o.category_id, o.title, o.description, o.price_amount, o.price_currency,
                   o.is_active, o.deleted_at IS NULL, o.hidden_at IS NULL, o.created_at)
        ) AS changed JOIN performer p ON p.id = changed.performer_id
        WHERE p.active AND p.status = 'approved'
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER service_relisted AFTER UPDATE ON service
    REFERENCING OLD TABLE AS was_there NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION service_change_listings();
