-- The first time on a local day of a performer at which a customer can begin a booking of `takes`; NULL when there is none.
--
-- It may end on the next day. With `to_offer` it begins ten minutes after the notice at the earliest, and is clear of what
-- pending orders ask for: these take no time yet, but time that is offered to somebody could not be accepted.
CREATE OR REPLACE FUNCTION first_start(
    wanted_id bigint, wanted_day date, takes interval, now_time timestamptz, market_hours int4multirange,
    place_latitude float8, place_longitude float8, to_offer boolean
)
RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    rules record;
    earliest timestamptz;
    begins timestamptz;
    ends timestamptz;
    free tstzmultirange;
    asked tstzmultirange;
BEGIN
    SELECT p.timezone AS zone, make_interval(mins => coalesce(s.notice_minutes, 0)::int) AS notice,
           make_interval(mins => coalesce(s.buffer_before_minutes, 0)::int) AS buffer_before,
           make_interval(mins => coalesce(s.buffer_after_minutes, 0)::int) AS buffer_after,
           coalesce(s.travel_kmh, 30) AS kmh,
           coalesce(place_latitude, c.latitude) AS latitude, coalesce(place_longitude, c.longitude) AS longitude
    INTO rules FROM performer p JOIN city c ON c.id = p.city_id
    LEFT JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    earliest := now_time + rules.notice;
    IF to_offer THEN
        earliest := earliest + interval '10 minutes';
    END IF;
    -- A booking begins after now, and not at it.
    earliest := to_timestamp((floor(extract(epoch FROM earliest) / 900)::bigint + 1) * 900);
    begins := greatest(first_instant(wanted_day::timestamp, rules.zone), earliest);
    ends := first_instant((wanted_day + 1)::timestamp, rules.zone);
    IF begins >= ends THEN
        RETURN NULL;
    END IF;
    free := bookable_time(
        wanted_id, begins, ends + takes, now_time, 900, market_hours, place_latitude, place_longitude, NULL
    );
    IF to_offer AND NOT isempty(free) THEN
        -- A pending order is answered or expires within a day.
        SELECT range_agg(tstzrange(
            o.starts_at - greatest(o.starts_at - coalesce(lower(o.padded), o.starts_at) + rules.buffer_after, way),
            o.ends_at + greatest(coalesce(upper(o.padded), o.ends_at) - o.ends_at + rules.buffer_before, way)
        )) INTO asked
        FROM "order" o,
             LATERAL (
                 SELECT travel_time(o.latitude, o.longitude, rules.latitude, rules.longitude, rules.kmh) AS way
             ) AS w
        WHERE o.performer_id = wanted_id AND o.status = 'pending'
          AND o.created_at > now_time - interval '1 day'
          AND o.starts_at < ends + takes + interval '2 days' AND o.ends_at > begins - interval '2 days';
        free := free - coalesce(asked, '{}');
    END IF;
    RETURN (
        SELECT min(lower(span)) FROM unnest(free) AS span
        WHERE lower(span) < ends AND upper(span) - lower(span) >= takes
    );
END $$;
