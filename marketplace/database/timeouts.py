"""Statement timeouts of searches: shorter than those of other statements, with an error of their own."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import errorcodes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.kernel.errors import Invalid

EXPANSION_MS = 500
"""For expanding the words of a query."""
SEARCH_MS = 1_000
"""For finding a page."""
NARROW_MS = 500
"""For searching once more by the words themselves, without their expansions."""


class SearchTooBroad(Invalid):
    """The search found no page in time, because its words match too much."""

    code = "search_too_broad"
    title = "This search would take too long"
    remedy = "Search for fewer or longer words, or within a city or a category."

    def __init__(self) -> None:
        super().__init__(self.remedy, errors={"query": {"q": [self.remedy]}})


class StatementTimeout(Exception):
    """The statement was cancelled at its limit."""


def with_statement_timeout(sql: str, milliseconds: int) -> str:
    """`sql` with a limit of its own, in the same message to the server: when no transaction is open, both
    form one, so that the limit ends with it.
    """
    return f"SET LOCAL statement_timeout = {milliseconds:d}; {sql}"


RESET_TIMEOUT = "SET LOCAL statement_timeout TO DEFAULT"
"""Undoes `with_statement_timeout` in a transaction that goes on."""


def is_statement_timeout(error: DBAPIError) -> bool:
    """Whether the server cancelled the statement at its limit."""
    return getattr(error.orig, "pgcode", None) == errorcodes.QUERY_CANCELED


@contextmanager
def search_timeout(session: Session, q: str | None) -> Iterator[None]:
    """Apply the timeout of a search to the statements inside, if there is a `q`.

    Raises SearchTooBroad, which ends the transaction.
    """
    if q is None:
        yield
        return
    session.execute(text(f"SET LOCAL statement_timeout = {SEARCH_MS:d}"))
    try:
        yield
    except DBAPIError as error:
        if is_statement_timeout(error):
            raise SearchTooBroad from error
        raise
    session.execute(text(RESET_TIMEOUT))
