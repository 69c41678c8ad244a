r"""One folding of text for all that compares it: listings, suggestions, cities, staff's searches.

Safe beside running old code: it asks the same functions by the same names, and what it searches stays where it is.
None of the replaced functions is used by an index. Listings that were folded otherwise are listed anew by the worker
(0035); until then their words in Latin, Greek and Cyrillic letters are found as before.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# Marks that do not tell words apart: accents and stress of Latin, Greek and Cyrillic, points of Hebrew, vowel signs
# and tatweel of Arabic. Those of other scripts are vowels or letters. And what cannot be seen: joiners, marks of
# direction, soft hyphens, selectors of variants, fillers.
MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f"
    r"\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff"
    r"\u20d0-\u20ff\ufe20-\ufe2f"
    r"\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
)

# Decomposed first (NFKD: full-width letters, ligatures, accents), so that one rule serves however text was typed.
# `lower` knows all scripts where the database's character type is UTF-8; what case folding has beyond it is
# replaced: sharp s, final sigma, the dotless i. Letters of Cyrillic that are no others with an accent are
# composed again before accents go. Arabic and Persian: one alef, one yeh, one kaf, one heh, European digits (as in
# Lucene's ArabicNormalizer and PersianNormalizer; hamza on a carrier goes with the marks).
#
# It is IMMUTABLE, for indexes: whoever changes what it gives makes a function of another name.
FOLD = rf"""
CREATE FUNCTION text_fold(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(value) = length(value) THEN
        RETURN lower(value COLLATE "C");
    END IF;
    folded := lower(normalize(value, NFKD));
    IF folded ~ '[{MARKS}]' THEN
        IF folded ~ '[\u0400-\u04ff]' THEN
            folded := replace(replace(replace(replace(replace(folded,
                E'\u0438\u0306', E'\u0439'), E'\u0456\u0308', E'\u0457'), E'\u0443\u0306', E'\u045e'),
                E'\u0433\u0301', E'\u0453'), E'\u043a\u0301', E'\u045c');
        END IF;
        folded := regexp_replace(folded, '[{MARKS}]+', '', 'g');
    END IF;
    IF folded ~ '[\u00df\u00e6\u00f0\u00f8\u00fe\u0111\u0127\u0131\u0142\u0153\u03c2]' THEN
        folded := replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(folded,
            'ß', 'ss'), 'æ', 'ae'), 'ð', 'd'), 'ø', 'o'), 'þ', 'th'), 'đ', 'd'), 'ħ', 'h'), 'ı', 'i'), 'ł', 'l'),
            'œ', 'oe'), 'ς', 'σ');
    END IF;
    IF folded ~ '[\u0138\u014b\u0167\u0180-\u024f\u0253-\u028b\u1c80-\u1c8a\u2c65]' THEN
        folded := translate(folded, 'ĸŋŧƀƃƈƌƒƙƚƞƥƭƴƶǥȥȼɇɉɍɏɓɔɖɗɛɠɨɲʈʉʋⱥ', 'qntbbcdfklnptyzgzcejryboddegintuva');
        folded := translate(folded, E'\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88', 'вдосттъѣꙋ');
    END IF;
    IF folded ~ '[\u0629\u0649\u0660-\u0669\u0671\u06a9\u06c1\u06cc\u06d2\u06d5\u06f0-\u06f9]' THEN
        folded := replace(replace(replace(replace(replace(replace(replace(replace(folded,
            E'\u0671', E'\u0627'), E'\u0649', E'\u064a'), E'\u06cc', E'\u064a'), E'\u06d2', E'\u064a'),
            E'\u06a9', E'\u0643'), E'\u0629', E'\u0647'), E'\u06c1', E'\u0647'), E'\u06d5', E'\u0647');
        IF folded ~ '[\u0660-\u0669\u06f0-\u06f9]' THEN
            folded := translate(folded, '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', '01234567890123456789');
        END IF;
    END IF;
    IF folded ~ '[\u02b9\u02bb-\u02bf\u05be\u05f3\u05f4\u2010-\u2015\u2018-\u201f\u2032\u2033\u2212]' THEN
        folded := regexp_replace(folded, '[\u02b9\u02bb-\u02bf\u05f3\u2018-\u201b\u2032]', '''', 'g');
        folded := regexp_replace(folded, '[\u05f4\u201c-\u201f\u2033]', '"', 'g');
        folded := regexp_replace(folded, '[\u05be\u2010-\u2015\u2212]', '-', 'g');
    END IF;
    -- Composed again where a syllable is a letter (Hangul, kana) or marks stayed.
    RETURN CASE WHEN folded ~ '[^\u0001-\u08ff\u1e00-\u2fff]' THEN normalize(folded, NFC) ELSE folded END;
END $$
"""

PATTERN = r"""
CREATE FUNCTION text_pattern(q text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT '%' || replace(replace(replace(text_fold(q), '\', '\\'), '%', '\%'), '_', '\_') || '%'
$$
"""

# What PostgreSQL's parser would take for paths, addresses or signs is a blank to it, and so is all that ends a word.
SEARCH_FOLD = r"""
CREATE OR REPLACE FUNCTION search_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(text_fold(value),
        '[\u0001-/:-@\[-`{-\u007f«»¡¿·‹›•،؛؟۔।॥、。〈-】〜・]+', ' ', 'g'))
$$
"""

# As in 0013, folded by the one folding.
SYMBOLS = r"""
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
$$
"""

WORDS = r"""
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
END $$
"""

# Where one letter is a word or a syllable: Han, kana, bopomofo, Yi, Hangul.
LETTERS = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)

# As in 0013, but that a single letter beside other words is that letter alone: as part of words it is in most of
# them, and a search of many cost as many looks through the whole dictionary.
EXPAND = rf"""
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
        stop := coalesce(ts_lexize(dictionary, asked) = '{{}}', false);
        word := NULL; rank := 2;
        RETURN NEXT;
        CONTINUE WHEN length(asked) = 1 AND cardinality(tokens) > 1 AND asked !~ '[{LETTERS}]';
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
END $$
"""

CITY = """
CREATE FUNCTION city_folded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.folded_names := text_fold(NEW.search_names);
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for function in (FOLD, PATTERN, SEARCH_FOLD, SYMBOLS, WORDS, EXPAND, CITY):
        op.execute(function)
    op.add_column("city", sa.Column("folded_names", sa.Text(), server_default="", nullable=False))
    # Whoever writes a city, older releases too, need not know.
    op.execute(
        "CREATE TRIGGER city_folded BEFORE INSERT OR UPDATE OF search_names ON city"
        " FOR EACH ROW EXECUTE FUNCTION city_folded()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER city_folded ON city")
    op.drop_column("city", "folded_names")
    op.execute("DROP FUNCTION city_folded()")
    before = context.script.get_revision("0013").module
    for name in ("FOLD", "SYMBOLS", "WORDS", "EXPAND"):
        op.execute(getattr(before, name).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP FUNCTION text_pattern(text)")
    op.execute("DROP FUNCTION text_fold(text)")
