-- The lexemes of a listing: each word as it is, and once more with the prefix of the field that it stands out in.
--
-- `0n` is the name, `0h` what the performer or service is (headline, titles, categories): GIN keeps no weights, so
-- a field is a lexeme. Of very much text (hundreds of services) the beginning counts: a tsvector ends at 1 MB.
CREATE OR REPLACE FUNCTION search_words(name text, heading text, body text) RETURNS tsvector
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    folded_name text := text_fold(name);
    folded_heading text := text_fold(left(heading, 20000));
    b text := text_fold(left(body, 50000));
    n text := ' ' || search_fold(folded_name);
    h text := ' ' || search_fold(folded_heading);
    symbols text[] := search_symbols(concat_ws(' ', folded_name, folded_heading, b));
    words tsvector := strip(to_tsvector('simple',
        n || h || ' ' || translate(b, './@:-+_', '       ') || replace(n, ' ', ' 0n') || replace(h, ' ', ' 0h')));
BEGIN
    RETURN CASE WHEN symbols = '{}' THEN words ELSE words || array_to_tsvector(symbols) END;
END $$;
