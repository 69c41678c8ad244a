"""Query expansion: the words of a search become tsqueries for the `words` of listings (search_words.sql)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from marketplace.database.prepared import fetch_all
from marketplace.database.timeouts import EXPANSION_MS, SearchTooBroad, StatementTimeout
from marketplace.kernel.characters import stands_alone

_STRONG = 2
"""The rank of a word with the stem of the searched one."""
_MIN_PREFIX = 3
"""Shorter words in the letters of an alphabet would be prefixes of half the dictionary."""


COMMON_SHARE = 0.005
"""For words that at least this share of rows has, scanning the list in its order finds a page soon; rows of
rarer words are looked up first and then sorted. At a million rows both read some 4,000 rows at this share.
The planner cannot tell: it guesses at words that it has not counted."""


@dataclass(frozen=True)
class Tier:
    """A tsquery, and the least share of rows that it finds, without those of earlier tiers."""

    query: str
    share: float
    is_skipped: bool = False
    """Whether the tier is left out, because finding its rows takes too long."""

    @property
    def is_common(self) -> bool:
        """Whether scanning the list finds a page of it."""
        return self.share >= COMMON_SHARE


@dataclass(frozen=True)
class SearchTerms:
    """The tiers of `q`, from narrow to wide: all words in the name; in the name or the profession; anywhere;
    anywhere with parts of words and typing errors. `any` is the last one by itself.
    """

    tiers: tuple[Tier, ...]
    any: Tier

    def literal(self) -> "SearchTerms":
        """The searched words exactly, without similar or longer words; cheap."""
        *narrow, wide = self.tiers
        return SearchTerms((*narrow, replace(wide, is_skipped=True)), narrow[-1])


_EXPAND = """
    WITH meant AS MATERIALIZED (
        SELECT asked, symbolic, stop, coalesce(word, asked) AS word, rank
        FROM search_expand(%(q)s, %(language)s)
    ), counted AS MATERIALIZED (
        SELECT lexeme, share FROM pg_stats
        CROSS JOIN LATERAL unnest(most_common_elems::text::text[], most_common_elem_freqs)
            AS counts (lexeme, share)
        WHERE schemaname = current_schema() AND tablename = 'performer_listing' AND attname = 'words'
    )
    SELECT meant.*, coalesce(named.share, 0) AS named, coalesce(headed.share, 0) AS headed,
           coalesce(found.share, 0) AS found
    FROM meant
    LEFT JOIN counted AS named ON named.lexeme = '0n' || meant.word
    LEFT JOIN counted AS headed ON headed.lexeme = '0h' || meant.word
    LEFT JOIN counted AS found ON found.lexeme = meant.word"""


def expand_query(connection: Connection, q: str, language: str) -> SearchTerms:
    """The expansions of the words of `q`; without words it finds nothing. One query. Raises SearchTooBroad.

    A single letter beside other words is searched by itself at first, and then ignored: the user has not
    finished typing that word. The frequency of words is what ANALYZE has counted for performers.
    """
    try:
        rows = fetch_all(connection, _EXPAND, {"q": q, "language": language}, milliseconds=EXPANSION_MS)
    except StatementTimeout:
        raise SearchTooBroad from None
    plain = [row for row in rows if not row.stop] or rows
    strong: dict[str, set[str]] = {}
    wide: dict[str, set[str]] = {}
    symbolic = {row.asked for row in plain if row.symbolic}
    for row in plain:
        strong.setdefault(row.asked, {row.asked})
        wide.setdefault(row.asked, {row.asked}).add(row.word)
        if row.rank == _STRONG or row.symbolic:
            strong[row.asked].add(row.word)
    begun = {asked for asked in wide if len(asked) == 1 and not stands_alone(asked)}
    if len(begun) < len(wide):
        wide = {asked: words for asked, words in wide.items() if asked not in begun}
    shares, anywhere = _shares(plain, strong) if len(strong) == 1 else _shares_of_all(plain, strong, wide)
    any_ = Tier(_every(wide, symbolic, ("",)), anywhere)
    queries = (
        _every(strong, symbolic, ("0n",)),
        _every(strong, symbolic, ("0n", "0h")),
        _every(strong, symbolic, ("",)),
        any_.query,
    )
    return SearchTerms(tuple(map(Tier, queries, shares)), any_)


def _shares(rows: Sequence[Any], strong: dict[str, set[str]]) -> tuple[tuple[float, ...], float]:
    """For one searched word: the share of each tier, and of rows with any of its expansions anywhere. The
    commonest form counts for each, so the share is a lower bound.
    """
    ((asked, words),) = strong.items()
    meant = [row for row in rows if _is_strong(row, asked, words)]
    named = max(row.named for row in meant)
    headed = max(row.headed for row in meant)
    found = max(row.found for row in meant)
    anywhere = max(row.found for row in rows)
    return (named, headed - named, found - headed - named, anywhere - found), anywhere


def _shares_of_all(
    rows: Sequence[Any], strong: dict[str, set[str]], wide: dict[str, set[str]]
) -> tuple[tuple[float, ...], float]:
    """The same for several words. The number of rows with all of them is unknown, but for common words (those
    of a letter or two are part of many others) there is a least number: what remains when no row lacks two of
    them. The last tier lacks at most the rows that have the rarest word itself; the other tiers are unknown.
    """
    anywhere, found = 1.0, 1.0
    for asked, words in strong.items():
        meant = [row for row in rows if row.asked == asked]
        if asked in wide:
            anywhere -= 1 - max(row.found for row in meant)
        themselves = {row.word: row.found for row in meant if _is_strong(row, asked, words)}
        found = min(found, sum(themselves.values()))
    return (0.0, 0.0, 0.0, anywhere - found), anywhere


def _is_strong(row: Any, asked: str, words: set[str]) -> bool:
    """Whether the word of `row` is the searched one, or begins with it."""
    return row.word in words or (_has_prefix(asked) and row.word.startswith(asked))


def _every(meanings: dict[str, set[str]], symbolic: set[str], fields: tuple[str, ...]) -> str:
    """A tsquery: each searched word, in any of its expansions, in any of the fields."""
    found = []
    for asked, words in sorted(meanings.items()):
        if asked in symbolic:
            # Words of symbols stand in the index unchanged, whatever the field.
            options = [_lexeme(word) for word in sorted(words)]
        else:
            options = [_lexeme(prefix + word) for prefix in fields for word in sorted(words)]
            if _has_prefix(asked):
                options += [_lexeme(prefix + asked) + ":*" for prefix in fields]
        found.append("(" + "|".join(options) + ")")
    return "&".join(found)


def _has_prefix(asked: str) -> bool:
    """Whether words that begin with the searched one match too."""
    return len(asked) >= _MIN_PREFIX or stands_alone(asked)


def _lexeme(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
