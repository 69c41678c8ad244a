-- Whether weekly hours in a time zone overlap the `minutes` that follow a moment; at most two days.
--
-- A necessary condition of regular `working_hours`, at a small part of its price. Where a clock changes within three
-- hours of the time, the answer is true.
CREATE OR REPLACE FUNCTION week_overlaps(weekly int4multirange, zone text, from_time timestamptz, minutes int)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    local timestamp := (from_time - interval '3 hours') AT TIME ZONE zone + interval '3 hours';
    begins int := extract(epoch FROM local - timestamp '1970-01-05')::bigint / 60 % 10080;
    away interval := make_interval(mins => minutes) + interval '3 hours';
BEGIN
    RETURN (from_time + away) AT TIME ZONE zone <> local + away
        OR weekly && int4range(begins, begins + minutes + 1)
        OR weekly && int4range(0, greatest(begins + minutes + 1 - 10080, 0));
END $$;
