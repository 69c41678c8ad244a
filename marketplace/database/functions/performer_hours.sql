-- The spans within which a performer works, between two times: weekly hours and exceptions, without vacations.
--
-- Each local day between the two times gives the hours of its weekday; PostgreSQL's time zones know when a clock
-- is put forward or back. Where it is put back over midnight, the hours of a day more have begun already.
-- For code of the release before alone, which may still run: nothing else calls it.
CREATE OR REPLACE FUNCTION performer_hours(wanted_id bigint, from_time timestamptz, to_time timestamptz)
RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT p.timezone AS zone, s.weekly FROM performer p
        JOIN performer_schedule s ON s.performer_id = p.id WHERE p.id = wanted_id
    ), days AS (
        SELECT day::date AS day, (extract(isodow FROM day)::int - 1) * 1440 AS begins
        FROM one, generate_series(
            (from_time AT TIME ZONE zone)::date, ((to_time AT TIME ZONE zone) + interval '3 hours')::date, interval '1 day'
        ) AS day
    ), regular AS (
        SELECT first_instant(day + make_interval(mins => lower(r) - begins), zone) AS starts,
               first_instant(day + make_interval(mins => upper(r) - begins), zone) AS ends
        FROM one, days, unnest(weekly * int4multirange(int4range(begins, begins + 1440))) AS r
    ), working AS (
        SELECT tstzrange(starts, ends) AS span FROM regular WHERE starts < ends
        UNION ALL
        SELECT tstzrange(starts_at, ends_at) FROM one, schedule_exception
        WHERE performer_id = wanted_id AND kind = 'available' AND starts_at < to_time AND ends_at > from_time
    ), away AS (
        SELECT tstzrange(starts_at, ends_at) AS span FROM schedule_exception
        WHERE performer_id = wanted_id AND kind = 'unavailable' AND starts_at < to_time AND ends_at > from_time
        UNION ALL
        SELECT tstzrange(first_instant(starts_on::timestamp, zone), first_instant((ends_on + 1)::timestamp, zone))
        FROM one, vacation
        WHERE performer_id = wanted_id AND starts_on <= ((to_time AT TIME ZONE zone) + interval '3 hours')::date
          AND ends_on >= (from_time AT TIME ZONE zone)::date
    )
    SELECT (coalesce((SELECT range_agg(span) FROM working), '{}')
            - coalesce((SELECT range_agg(span) FROM away), '{}'))
        * tstzmultirange(tstzrange(from_time, to_time))
$$;
