-- Keeps the time zone of `performer_week` when a performer moves to another.
CREATE OR REPLACE FUNCTION performer_week_zone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO performer_week (performer_id, timezone, weekly)
    SELECT NEW.id, NEW.timezone, (SELECT weekly FROM performer_schedule WHERE performer_id = NEW.id)
    ON CONFLICT (performer_id) DO UPDATE SET timezone = excluded.timezone;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER performer_week_of_moved AFTER UPDATE OF timezone ON performer
    FOR EACH ROW WHEN (OLD.timezone <> NEW.timezone) EXECUTE FUNCTION performer_week_zone();
