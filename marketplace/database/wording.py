"""What the words of a search mean: tsqueries for the `words` of listings (migration 0013)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from marketplace.database.patience import UNDERSTAND_MS, OutOfTime, SearchTooBroad
from marketplace.database.reading import read
from marketplace.kernel.characters import stands_alone

_STRONG = 2
"""The rank of a word that has the stem of the asked one."""
_MIN_PREFIX = 3
"""Of shorter words in the letters of an alphabet, the beginnings of others would be half the dictionary."""


OFTEN = 0.005
"""Of what at least this share of rows has, walking the list in its order finds a page soon; what may be rarer
is looked up first and then put in order. At a million rows both look at some 4,000 then. The planner cannot
tell: it guesses at words that it has not counted."""


@dataclass(frozen=True)
class Tier:
    """A tsquery, and which part of the rows it finds at the least, without those of the tiers before."""

    query: str
    share: float
    given_up: bool = False
    """Whether it is left out, since finding it takes too long."""

    @property
    def often(self) -> bool:
        """Whether a page of it is found by walking the list."""
        return self.share >= OFTEN


@dataclass(frozen=True)
class Words:
    """What `q` asks for, from narrow to wide: all words in the name; in the name or what one is; anywhere;
    anywhere with parts of words and typing errors. `any` is the last one by itself.
    """

    tiers: tuple[Tier, ...]
    any: Tier

    def themselves(self) -> "Words":
        """The asked words as they are, and nothing that looks like them or contains them; cheap."""
        *narrow, wide = self.tiers
        return Words((*narrow, replace(wide, given_up=True)), narrow[-1])


_UNDERSTAND = """
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


def understand(connection: Connection, q: str, language: str) -> Words:
    """What the words of `q` may mean; without words it finds nothing. One query. Raises SearchTooBroad.

    A single letter beside other words is asked for by itself at first, and then not at all: whoever types has
    not finished that word. How often words occur is what ANALYZE has counted of performers.
    """
    try:
        rows = read(connection, _UNDERSTAND, {"q": q, "language": language}, milliseconds=UNDERSTAND_MS)
    except OutOfTime:
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
    return Words(tuple(map(Tier, queries, shares)), any_)


def _shares(rows: Sequence[Any], strong: dict[str, set[str]]) -> tuple[tuple[float, ...], float]:
    """Of the one asked word: the share of each tier, and of rows that have any of its meanings anywhere. Of
    each the commonest form counts, so that it is not less.
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
    """The same of several words. Nobody knows how many rows have all of them, but of common ones (those of a
    letter or two are part of many others) how many must: what remains when no row lacks two of them. The last
    tier lacks at most the rows that have the rarest one itself; of the others nothing is known.
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
    """Whether the word of `row` is the asked one, or begins with it."""
    return row.word in words or (_has_prefix(asked) and row.word.startswith(asked))


def _every(meanings: dict[str, set[str]], symbolic: set[str], fields: tuple[str, ...]) -> str:
    """A tsquery: each asked word, in any of its meanings, in any of the fields."""
    found = []
    for asked, words in sorted(meanings.items()):
        if asked in symbolic:
            # What is asked for by its symbols stands in the index as it is, whatever the field.
            options = [_lexeme(word) for word in sorted(words)]
        else:
            options = [_lexeme(prefix + word) for prefix in fields for word in sorted(words)]
            if _has_prefix(asked):
                options += [_lexeme(prefix + asked) + ":*" for prefix in fields]
        found.append("(" + "|".join(options) + ")")
    return "&".join(found)


def _has_prefix(asked: str) -> bool:
    """Whether words that begin with the asked one are meant too."""
    return len(asked) >= _MIN_PREFIX or stands_alone(asked)


def _lexeme(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
