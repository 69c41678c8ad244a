-- How long the way between two places takes: the straight line x 1.3, at kilometres an hour; at most twelve hours.
--
-- Nothing where a place is not known, and for a performer who does not travel (0). Haversine: R. W. Sinnott, Sky and
-- Telescope 68 (1984); rounding may carry the root for opposite points above 1, where the arc sine is undefined.
CREATE OR REPLACE FUNCTION travel_time(
    from_latitude float8, from_longitude float8, to_latitude float8, to_longitude float8, kmh bigint
)
RETURNS interval LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN kmh > 0 AND from_latitude <> to_latitude OR kmh > 0 AND from_longitude <> to_longitude THEN
            least(interval '12 hours', make_interval(secs => ceil(1.3 * 3600 / kmh * 2 * 6371.0088 * asin(least(1.0, sqrt(
                power(sin(radians(to_latitude - from_latitude) / 2), 2)
                + power(sin(radians(to_longitude - from_longitude) / 2), 2)
                * cos(radians(from_latitude)) * cos(radians(to_latitude))
            ))))))
        ELSE interval '0'
    END
$$;
