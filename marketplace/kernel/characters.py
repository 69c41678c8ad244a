"""Character classes: visible characters, and those that have no place in text for people (Unicode 16, 23)."""

import re
import unicodedata

# Letters and signs by their category, but drawn by no font: Hangul fillers, the Braille blank, the object
# replacement character, the null note head.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\U0001d159")
_SEEN = frozenset("LNPS")

DIRECTION_MARKS = "\u061c\u200e\u200f"
"""Invisible letters with a direction; they affect only the signs beside them."""
DIRECTION_CONTROLS = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates, as the inside of a regular expression's class: a line that leaves one
open changes the direction of the text after it."""
LINE_SEPARATORS = "\u2028\u2029"
NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)
)
"""Noncharacters, as the inside of a class."""
EDGES = DIRECTION_MARKS + "\u200b\u2060\ufeff"
"""Invisible characters without meaning at the beginning or end of a text; joiners have one (a Malayalam word
may end in U+200D)."""

_WORDS = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua000-\ua48c\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
# All marks belong to words: vowels of Indic scripts are marks.
_BETWEEN = frozenset("CPSZ")


def is_visible(character: str) -> bool:
    """Whether the character is visible by itself: letters, digits, signs, emoji, including those that
    this Python's tables do not know yet; no blanks, marks, joiners, controls or private use.
    """
    category = unicodedata.category(character)
    return (category[0] in _SEEN or category == "Cn") and character not in _BLANK


def has_visible(text: str) -> bool:
    """Whether anything in `text` can be seen."""
    return any(map(is_visible, text))


def stands_alone(text: str) -> bool:
    """Whether a letter in `text` is a word or syllable by itself (Han, kana, bopomofo, Yi, Hangul)."""
    return _WORDS.search(unicodedata.normalize("NFKC", text)) is not None


def count_words(text: str) -> int:
    """The most words that a search for `text` looks for: separated by blanks, or by signs."""
    chunks = text.split()
    parts = "".join(
        " " if (category := unicodedata.category(c))[0] in _BETWEEN and category != "Cf" else c for c in text
    ).split()
    return max(len(chunks), len(parts))
