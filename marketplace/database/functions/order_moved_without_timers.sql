-- Marks an order that code without timers has moved, so that the sweep of orders makes its timers.
--
-- Code with timers counts each entry into a status and each agreed reschedule in `state_entry`. The number turns
-- negative here, and goes on counting from there. Such code knows no buffers either: a new time has none.
CREATE OR REPLACE FUNCTION order_moved_without_timers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_entry := -OLD.state_entry;
    IF NEW.starts_at <> OLD.starts_at AND NEW.padded IS NOT DISTINCT FROM OLD.padded THEN
        NEW.padded := NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER order_moved_without_timers BEFORE UPDATE OF status, starts_at ON "order"
    FOR EACH ROW
    WHEN (NEW.state_entry = OLD.state_entry AND OLD.state_entry > 0
          AND (NEW.status, NEW.starts_at) IS DISTINCT FROM (OLD.status, OLD.starts_at))
    EXECUTE FUNCTION order_moved_without_timers();
