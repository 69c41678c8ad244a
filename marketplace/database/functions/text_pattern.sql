-- A pattern for LIKE that finds `q` in folded text; its own wildcards stand for themselves.
CREATE OR REPLACE FUNCTION text_pattern(q text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '%' || replace(replace(replace(text_fold(q), '\', '\\'), '%', '\%'), '_', '\_') || '%'
$$;
