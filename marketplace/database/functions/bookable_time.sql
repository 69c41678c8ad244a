-- The spans within which a performer can be booked by customers: the one answer of slots, lists, holds and bookings.
--
-- The working hours, after the notice, without what `taken_time` says. With `grid_seconds` they begin at the first
-- multiple of it (UTC) that keeps the notice, so that slots begin at quarters of an hour; with 0 at the very moment. A
-- booking whose place is not known is in the performer's city.
CREATE OR REPLACE FUNCTION bookable_time(
    wanted_id bigint, from_time timestamptz, to_time timestamptz, now_time timestamptz, grid_seconds int,
    market_hours int4multirange, place_latitude float8, place_longitude float8, holder_id bigint
)
RETURNS tstzmultirange LANGUAGE plpgsql STABLE AS $$
DECLARE
    rules record;
    earliest timestamptz;
    begins timestamptz;
    working tstzmultirange;
BEGIN
    SELECT coalesce(s.notice_minutes, 0)::int AS notice,
           make_interval(mins => coalesce(s.buffer_before_minutes, 0)::int) AS buffer_before,
           make_interval(mins => coalesce(s.buffer_after_minutes, 0)::int) AS buffer_after,
           coalesce(s.travel_kmh, 30) AS kmh,
           coalesce(place_latitude, c.latitude) AS latitude, coalesce(place_longitude, c.longitude) AS longitude
    INTO rules FROM performer p JOIN city c ON c.id = p.city_id
    LEFT JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    earliest := now_time + make_interval(mins => rules.notice);
    IF grid_seconds > 0 THEN
        earliest := to_timestamp(ceil(extract(epoch FROM earliest) / grid_seconds)::bigint * grid_seconds);
    END IF;
    begins := greatest(from_time, earliest);
    IF begins >= to_time THEN
        RETURN '{}';
    END IF;
    working := working_hours(wanted_id, begins, to_time, market_hours);
    IF isempty(working) THEN
        RETURN working;
    END IF;
    RETURN working - taken_time(
        wanted_id, begins, to_time, now_time, rules.buffer_before, rules.buffer_after, rules.kmh,
        rules.latitude, rules.longitude, holder_id, NULL
    );
END $$;
