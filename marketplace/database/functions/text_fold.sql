-- Text as people compare it, for whatever script and however it was typed: the one folding of all searches.
--
-- Decomposed first (NFKD: full-width letters, ligatures, accents), so that one rule serves all forms. `lower`
-- knows all scripts where the database's character type is UTF-8; what case folding has beyond it is replaced:
-- sharp s, final sigma, the dotless i. Letters of Cyrillic that are no others with an accent are composed again
-- before accents go. Arabic and Persian have one alef, one yeh, one kaf, one heh and European digits (as in
-- Lucene's ArabicNormalizer and PersianNormalizer; hamza on a carrier goes with the marks).
--
-- The marks that go, first long class, do not tell words apart: accents and stress of Latin, Greek and Cyrillic,
-- points of Hebrew, vowel signs and tatweel of Arabic. Those of other scripts are vowels or letters. With them
-- goes what cannot be seen: joiners, marks of direction, soft hyphens, selectors of variants, fillers.
--
-- It is IMMUTABLE and indexes are built on it: whoever changes what it gives makes a function of another name.
CREATE OR REPLACE FUNCTION text_fold(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(value) = length(value) THEN
        RETURN lower(value COLLATE "C");
    END IF;
    folded := lower(normalize(value, NFKD));
    IF folded ~ '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]' THEN
        IF folded ~ '[\u0400-\u04ff]' THEN
            folded := replace(replace(replace(replace(replace(folded,
                E'\u0438\u0306', E'\u0439'), E'\u0456\u0308', E'\u0457'), E'\u0443\u0306', E'\u045e'),
                E'\u0433\u0301', E'\u0453'), E'\u043a\u0301', E'\u045c');
        END IF;
        folded := regexp_replace(folded, '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+', '', 'g');
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
END $$;
