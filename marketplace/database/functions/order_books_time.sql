-- Keeps the row of `booked_time` of an order that is confirmed or in progress, so that no code can forget it.
CREATE OR REPLACE FUNCTION order_books_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('confirmed', 'in_progress') THEN
        INSERT INTO booked_time (performer_id, span, padded, latitude, longitude, despite_conflicts, order_id)
        VALUES (
            NEW.performer_id, tstzrange(NEW.starts_at, NEW.ends_at),
            coalesce(NEW.padded, tstzrange(NEW.starts_at, NEW.ends_at)),
            NEW.latitude, NEW.longitude, NEW.despite_conflicts, NEW.id
        )
        ON CONFLICT (order_id) DO UPDATE SET
            performer_id = EXCLUDED.performer_id, span = EXCLUDED.span, padded = EXCLUDED.padded,
            latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude,
            despite_conflicts = EXCLUDED.despite_conflicts;
    ELSIF TG_OP = 'UPDATE' THEN
        DELETE FROM booked_time WHERE order_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER order_books_time
    AFTER INSERT OR UPDATE OF status, starts_at, ends_at, padded, latitude, longitude, despite_conflicts ON "order"
    FOR EACH ROW EXECUTE FUNCTION order_books_time();
