-- The stems of a word in the languages that are searched, each prefixed with its language (`en:plumb`).
CREATE OR REPLACE FUNCTION search_stems(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(stem), '{}') FROM (
        SELECT 'en:' || unnest(ts_lexize('english_stem', word))
        UNION ALL SELECT 'es:' || unnest(ts_lexize('spanish_stem', word))
        UNION ALL SELECT 'ar:' || unnest(ts_lexize('arabic_stem', word))
    ) AS stems (stem)
$$;
