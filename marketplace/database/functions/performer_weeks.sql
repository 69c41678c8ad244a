-- Keeps `performer_week`: the time zone and the weekly hours of every performer in one small row.
--
-- Each trigger writes only the column that its table has changed, and makes the row where there is none, so that two
-- transactions at once leave what both have stored.
CREATE OR REPLACE FUNCTION performer_weeks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'performer' THEN
        INSERT INTO performer_week AS w (performer_id, timezone, weekly)
        SELECT n.id, n.timezone, s.weekly FROM now_there n LEFT JOIN performer_schedule s ON s.performer_id = n.id
        ORDER BY n.id
        ON CONFLICT (performer_id) DO UPDATE SET timezone = excluded.timezone
        WHERE w.timezone <> excluded.timezone;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE performer_week w SET weekly = NULL FROM was_there o WHERE w.performer_id = o.performer_id;
    ELSE
        INSERT INTO performer_week AS w (performer_id, timezone, weekly)
        SELECT p.id, p.timezone, n.weekly FROM now_there n JOIN performer p ON p.id = n.performer_id
        ORDER BY p.id
        ON CONFLICT (performer_id) DO UPDATE SET weekly = excluded.weekly
        WHERE w.weekly IS DISTINCT FROM excluded.weekly;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER performer_week_of_new AFTER INSERT ON performer
    REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION performer_weeks();

CREATE OR REPLACE TRIGGER performer_week_of_hours AFTER INSERT ON performer_schedule
    REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION performer_weeks();

CREATE OR REPLACE TRIGGER performer_week_of_changed_hours AFTER UPDATE ON performer_schedule
    REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION performer_weeks();

CREATE OR REPLACE TRIGGER performer_week_without_hours AFTER DELETE ON performer_schedule
    REFERENCING OLD TABLE AS was_there FOR EACH STATEMENT EXECUTE FUNCTION performer_weeks();
