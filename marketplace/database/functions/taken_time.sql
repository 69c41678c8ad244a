-- The time, around two moments, in which a booking of a performer may not lie: booked orders, live holds, busy times.
--
-- A booking keeps `buffer_before` before itself and `buffer_after` after itself. Between two bookings lies the buffer
-- after the one and the buffer before the other, or the way between their places where that is longer: who travels is
-- not at work. Busy times of other calendars keep the buffers only, as their places are not known. `holder_id` is a
-- customer whose own hold does not count, `besides_id` an order that does not.
CREATE OR REPLACE FUNCTION taken_time(
    wanted_id bigint, from_time timestamptz, to_time timestamptz, now_time timestamptz,
    buffer_before interval, buffer_after interval, kmh bigint, place_latitude float8, place_longitude float8,
    holder_id bigint, besides_id bigint
)
RETURNS tstzmultirange LANGUAGE plpgsql STABLE AS $$
DECLARE
    booked tstzmultirange;
    busy tstzmultirange;
BEGIN
    SELECT range_agg(tstzrange(
        lower(b.span) - greatest(lower(b.span) - lower(b.padded) + buffer_after, way),
        upper(b.span) + greatest(upper(b.padded) - upper(b.span) + buffer_before, way)
    )) INTO booked
    FROM booked_time b,
         LATERAL (SELECT travel_time(b.latitude, b.longitude, place_latitude, place_longitude, kmh) AS way) AS w
    WHERE b.performer_id = wanted_id
      -- Two buffers of a day each are the widest gap.
      AND b.span && tstzrange(from_time - interval '2 days', to_time + interval '2 days')
      AND (besides_id IS NULL OR b.order_id IS DISTINCT FROM besides_id)
      AND (b.expires_at IS NULL OR b.expires_at > now_time AND b.customer_id IS DISTINCT FROM holder_id);

    SELECT range_agg(tstzrange(lower(e.time) - buffer_after, upper(e.time) + buffer_before)) INTO busy
    FROM external_busy_time e
    WHERE e.performer_id = wanted_id
      AND e.time && tstzrange(from_time - interval '1 day', to_time + interval '1 day');
    RETURN coalesce(booked, '{}') + coalesce(busy, '{}');
END $$;
