-- The instant of a local time; of two equal local times, when the clock is put back, the first (RFC 5545, 3.3.5).
--
-- AT TIME ZONE takes the second of the two. The first is the one with the offset of before: no clock is put back
-- by more than three hours, or twice within them. PL/pgSQL, as the functions that call it: it keeps its plans, where
-- SQL's functions start an executor for each call.
CREATE OR REPLACE FUNCTION first_instant(local timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    later timestamptz := local AT TIME ZONE zone;
    before timestamptz := later - interval '3 hours';
    earlier timestamptz := local - (before AT TIME ZONE zone) + before;
BEGIN
    IF earlier AT TIME ZONE zone = local THEN
        RETURN least(earlier, later);
    END IF;
    RETURN later;
END $$;
