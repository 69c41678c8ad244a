"""What the words of a search mean: tsqueries for the `words` of listings (migration 0013)."""

from dataclasses import dataclass

from sqlalchemy import Connection

_STRONG = 2
"""The rank of a word that has the stem of the asked one."""
_MIN_PREFIX = 3
"""Of shorter words in Latin letters, the beginnings of others would be half the dictionary."""


@dataclass(frozen=True)
class Words:
    """What `q` asks for, as tsqueries from narrow to wide: all words in the name; in the name or what one
    is; anywhere; anywhere with parts of words and typing errors.
    """

    name: str
    heading: str
    body: str
    wide: str

    @property
    def tiers(self) -> tuple[str, ...]:
        """From the most relevant on."""
        return (self.name, self.heading, self.body, self.wide)


def understand(connection: Connection, q: str, language: str) -> Words:
    """What the words of `q` may mean; without words it finds nothing. One query."""
    rows = connection.exec_driver_sql(
        "SELECT asked, symbolic, stop, word, rank FROM search_expand(%(q)s, %(language)s)",
        {"q": q, "language": language},
    ).all()
    plain = [row for row in rows if not row.stop] or rows
    strong: dict[str, set[str]] = {}
    wide: dict[str, set[str]] = {}
    symbolic = {row.asked for row in plain if row.symbolic}
    for row in plain:
        strong.setdefault(row.asked, {row.asked})
        wide.setdefault(row.asked, {row.asked})
        if row.word is not None:
            wide[row.asked].add(row.word)
            if row.rank == _STRONG or row.symbolic:
                strong[row.asked].add(row.word)
    return Words(
        name=_every(strong, symbolic, ("0n",)),
        heading=_every(strong, symbolic, ("0n", "0h")),
        body=_every(strong, symbolic, ("",)),
        wide=_every(wide, symbolic, ("",)),
    )


def _every(meanings: dict[str, set[str]], symbolic: set[str], fields: tuple[str, ...]) -> str:
    """A tsquery: each asked word, in any of its meanings, in any of the fields."""
    found = []
    for asked, words in sorted(meanings.items()):
        if asked in symbolic:
            # What is asked for by its symbols stands in the index as it is, whatever the field.
            options = [_lexeme(word) for word in sorted(words)]
        else:
            options = [_lexeme(prefix + word) for prefix in fields for word in sorted(words)]
            if len(asked) >= _MIN_PREFIX or not asked.isascii():
                options += [_lexeme(prefix + asked) + ":*" for prefix in fields]
        found.append("(" + "|".join(options) + ")")
    return "&".join(found)


def _lexeme(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"
