-- The chunks of a text that have symbols in them (100%, c++, a_b), as lexemes.
--
-- They are asked for literally, so they are kept as they stand.
CREATE OR REPLACE FUNCTION search_symbols(value text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN value ~ '[/@+_\\%#&=~^*<>|$]' THEN (
        SELECT coalesce(array_agg(DISTINCT token), '{}')
        FROM (
            SELECT left(btrim(chunk, '.,;:!?()[]{}"''`'), 64)
            FROM regexp_split_to_table(text_fold(value), '\s+') AS chunk
            WHERE chunk ~ '[/@+_\\%#&=~^*<>|$]'
        ) AS found (token)
        WHERE token <> ''
    ) ELSE '{}' END
$$;
