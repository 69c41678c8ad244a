"""How long searches may keep the database busy: less than the rest, and told apart from it."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import errorcodes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.kernel.errors import Invalid

UNDERSTAND_MS = 500
"""For looking the words up."""
SEARCH_MS = 1_000
"""For finding a page."""
NARROW_MS = 500
"""For finding it once more by the words themselves, without what they may mean."""


class SearchTooBroad(Invalid):
    """The search found nothing in its time, because so much might be meant."""

    code = "search_too_broad"
    title = "This search would take too long"

    def __init__(self) -> None:
        why = "Search for fewer or longer words, or within a city or a category."
        super().__init__(why, errors={"query": {"q": [why]}})


class OutOfTime(Exception):
    """The statement was ended at its limit."""


def limited(sql: str, milliseconds: int) -> str:
    """`sql` with a limit of its own, in the same message to the server: both are one transaction where none
    is open, so that the limit ends with it.
    """
    return f"SET LOCAL statement_timeout = {milliseconds:d}; {sql}"


RESET = "SET LOCAL statement_timeout TO DEFAULT"
"""What `limited` leaves behind in a transaction that goes on."""


def is_out_of_time(error: DBAPIError) -> bool:
    """Whether the server ended the statement."""
    return getattr(error.orig, "pgcode", None) == errorcodes.QUERY_CANCELED


@contextmanager
def search_time(session: Session, q: str | None) -> Iterator[None]:
    """What is asked inside has the time of a search, if there is a `q`. Raises SearchTooBroad, with which the
    transaction ends.
    """
    if q is None:
        yield
        return
    session.execute(text(f"SET LOCAL statement_timeout = {SEARCH_MS:d}"))
    try:
        yield
    except DBAPIError as error:
        if is_out_of_time(error):
            raise SearchTooBroad from error
        raise
    session.execute(text(RESET))
