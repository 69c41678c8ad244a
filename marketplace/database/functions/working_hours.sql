-- The spans within which a performer works, between two times: weekly hours and exceptions, without vacations.
--
-- Who never set hours has those of the market. Each local day between the two times gives the hours of its weekday;
-- PostgreSQL's time zones know when a clock is put forward or back. Where it is put back over midnight, the hours of a
-- day more have begun already.
CREATE OR REPLACE FUNCTION working_hours(
    wanted_id bigint, from_time timestamptz, to_time timestamptz, market_hours int4multirange
)
RETURNS tstzmultirange LANGUAGE plpgsql STABLE AS $$
DECLARE
    zone text;
    weekly int4multirange;
    first_day date;
    last_day date;
    begins int;
    hours int4range;
    starts timestamptz;
    ends timestamptz;
    working tstzmultirange := '{}';
    added tstzmultirange;
    away tstzmultirange;
BEGIN
    SELECT p.timezone, coalesce(s.weekly, market_hours) INTO zone, weekly
    FROM performer p LEFT JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id;
    first_day := (from_time AT TIME ZONE zone)::date;
    last_day := ((to_time AT TIME ZONE zone) + interval '3 hours')::date;
    FOR day IN 0 .. last_day - first_day LOOP
        begins := (extract(isodow FROM first_day + day)::int - 1) * 1440;
        IF weekly && int4range(begins, begins + 1440) THEN
            FOR hours IN SELECT unnest(weekly * int4multirange(int4range(begins, begins + 1440))) LOOP
                starts := first_instant(first_day + day + make_interval(mins => lower(hours) - begins), zone);
                ends := first_instant(first_day + day + make_interval(mins => upper(hours) - begins), zone);
                IF starts < ends AND starts < to_time AND ends > from_time THEN
                    working := working + tstzmultirange(tstzrange(starts, ends));
                END IF;
            END LOOP;
        END IF;
    END LOOP;

    SELECT range_agg(tstzrange(starts_at, ends_at)) FILTER (WHERE kind = 'available'),
           range_agg(tstzrange(starts_at, ends_at)) FILTER (WHERE kind = 'unavailable')
    INTO added, away
    FROM schedule_exception WHERE performer_id = wanted_id AND starts_at < to_time AND ends_at > from_time;
    working := working + coalesce(added, '{}') - coalesce(away, '{}');
    IF isempty(working) THEN
        RETURN working;
    END IF;

    SELECT range_agg(tstzrange(
        first_instant(starts_on::timestamp, zone), first_instant((ends_on + 1)::timestamp, zone)
    )) INTO away
    FROM vacation WHERE performer_id = wanted_id AND starts_on <= last_day AND ends_on >= first_day;
    RETURN (working - coalesce(away, '{}')) * tstzmultirange(tstzrange(from_time, to_time));
END $$;
