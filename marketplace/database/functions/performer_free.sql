-- The spans within which a performer can be booked: the hours, after the notice, without booked orders and buffers.
--
-- They begin at the first quarter of an hour (UTC) that keeps the notice. Two orders are apart by the buffer after
-- the one and the buffer before the other. NULL for a performer without a schedule.
-- For code of the release before alone, which may still run: nothing else calls it.
CREATE OR REPLACE FUNCTION performer_free(
    wanted_id bigint, from_time timestamptz, to_time timestamptz, now_time timestamptz
)
RETURNS tstzmultirange LANGUAGE sql STABLE AS $$
    WITH one AS (
        SELECT make_interval(mins => (buffer_before_minutes + buffer_after_minutes)::int) AS gap,
               greatest(from_time, to_timestamp(
                   ceil(extract(epoch FROM now_time + make_interval(mins => notice_minutes::int)) / 900)::bigint * 900
               )) AS begins
        FROM performer_schedule WHERE performer_id = wanted_id
    )
    SELECT CASE WHEN begins < to_time THEN
        performer_hours(wanted_id, begins, to_time) - coalesce((
            SELECT range_agg(tstzrange(o.starts_at - gap, o.ends_at + gap)) FROM "order" o
            WHERE o.performer_id = wanted_id AND o.status IN ('confirmed', 'in_progress')
              AND tstzrange(o.starts_at, o.ends_at) && tstzrange(begins - gap, to_time + gap)
        ), '{}')
    ELSE '{}' END FROM one
$$;
