-- What the words of a search may mean: each asked word with the words of listings that may be meant by it.
--
-- `rank` is 2 for words that have its stem in the reader's language, 1 for those that contain it, and 0 for those
-- that look most like it, which are given when there are none of the others. `stop` marks a word that says nothing
-- in that language. A chunk with symbols (100%, c++, a_b) is `symbolic`: it is asked for literally.
--
-- A single letter beside other words is that letter alone: as a part of words it is in most of them, and a search
-- of many letters would look through the whole dictionary as often. In the scripts of the class in brackets (Han,
-- kana, bopomofo, Yi, Hangul) one letter is a word or a syllable, and is looked for like a word.
CREATE OR REPLACE FUNCTION search_expand(q text, language text)
RETURNS TABLE (asked text, symbolic boolean, stop boolean, word text, rank integer)
LANGUAGE plpgsql STABLE SET pg_trgm.similarity_threshold = 0.25 AS $$
DECLARE
    dictionary regdictionary := CASE language
        WHEN 'es' THEN 'spanish_stem' WHEN 'ar' THEN 'arabic_stem' ELSE 'english_stem' END;
    like_it text;
    chunk text;
    plain text := '';
    tokens text[];
BEGIN
    FOREACH chunk IN ARRAY regexp_split_to_array(q, '\s+') LOOP
        IF chunk ~ '[/@+_\\%#&=~^*<>|$]' THEN
            FOREACH asked IN ARRAY search_symbols(chunk) LOOP
                symbolic := true; stop := false; rank := 1;
                like_it := text_pattern(asked);
                RETURN QUERY SELECT asked, symbolic, stop, s.word, 1 FROM search_word s
                    WHERE s.word LIKE like_it ORDER BY length(s.word), s.word LIMIT 200;
                word := NULL;
                RETURN NEXT;
            END LOOP;
        ELSE
            plain := plain || ' ' || chunk;
        END IF;
    END LOOP;
    tokens := tsvector_to_array(to_tsvector('simple', search_fold(plain)));
    FOREACH asked IN ARRAY tokens LOOP
        symbolic := false;
        stop := coalesce(ts_lexize(dictionary, asked) = '{}', false);
        word := NULL; rank := 2;
        RETURN NEXT;
        CONTINUE WHEN length(asked) = 1 AND cardinality(tokens) > 1 AND asked !~ '[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]';
        RETURN QUERY SELECT asked, symbolic, stop, s.word, 2 FROM search_word s
            WHERE s.stems @> ARRAY[(CASE language WHEN 'es' THEN 'es:' WHEN 'ar' THEN 'ar:' ELSE 'en:' END)
                                   || (ts_lexize(dictionary, asked))[1]]
            ORDER BY length(s.word), s.word LIMIT 50;
        like_it := '%' || asked || '%';
        RETURN QUERY SELECT asked, symbolic, stop, s.word, 1 FROM search_word s
            WHERE s.word LIKE like_it ORDER BY length(s.word), s.word LIMIT 200;
        CONTINUE WHEN FOUND OR length(asked) < 4 OR asked ~ '^[0-9]+$';
        RETURN QUERY SELECT asked, symbolic, stop, near.word, 0 FROM (
                SELECT s.word, similarity(s.word, asked) AS likeness, max(similarity(s.word, asked)) OVER () AS most
                FROM search_word s WHERE s.word % asked
            ) AS near
            WHERE likeness >= most - 0.1 ORDER BY likeness DESC, near.word LIMIT 10;
    END LOOP;
END $$;
