-- Text as words for PostgreSQL's parser: folded, and blanks where it would see paths, addresses or signs.
--
-- So is all that ends a word.
CREATE OR REPLACE FUNCTION search_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(text_fold(value),
        '[\u0001-/:-@\[-`{-\u007f«»¡¿·‹›•،؛؟۔।॥、。〈-】〜・]+', ' ', 'g'))
$$;
