-- What lists by rating are ordered by, in millionths of a star.
--
-- The mean as if everybody began with 5 reviews of 4 stars (20 in sum), so that one review of five stars does not outrank
-- a hundred that average 4.9.
CREATE OR REPLACE FUNCTION ranking_score(rating_sum bigint, rating_count bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (rating_sum + 20) * 1000000 / (rating_count + 5)
$$;
