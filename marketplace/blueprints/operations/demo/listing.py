"""Bulk loads: indexes made once at the end, and listings filled in one pass over everything."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.orm import Session

_LISTINGS = ("performer_listing", "performer_listing_category", "service_listing", "search_word")
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename = ANY (:tables)
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = format('%I', indexname)::regclass)
    ORDER BY indexname""")
_FILL = (
    "INSERT INTO performer_listing SELECT * FROM performer_listing_of(NULL)",
    """INSERT INTO performer_listing_category
       SELECT unnest(category_ids), performer_id, city_id, score, price, created_at FROM performer_listing""",
    "ANALYZE performer_listing",
    "INSERT INTO service_listing SELECT * FROM service_listing_of(NULL)",
    r"""INSERT INTO search_word
        SELECT word, search_stems(word) FROM (
            SELECT word FROM ts_stat('SELECT words FROM performer_listing')
            UNION SELECT word FROM ts_stat('SELECT words FROM service_listing')
        ) AS words WHERE word !~ '^0[nh]'""",
)


@contextmanager
def without_indexes(session: Session, tables: Collection[str]) -> Iterator[None]:
    """Inside, `tables` have only the indexes of their constraints; the others are made anew at the end:
    sorted once, they cost a fraction of so many insertions. Readers of the tables wait until the transaction
    ends.
    """
    indexes = session.execute(_INDEXES, {"tables": list(tables)}).all()
    for index in indexes:
        session.execute(text(f'DROP INDEX "{index.indexname}"'))
    yield
    session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    for index in indexes:
        session.execute(text(index.indexdef))


def hold_listings(session: Session) -> None:
    """Until this transaction ends, the triggers leave the listings alone."""
    session.execute(text("SET LOCAL marketplace.listings = 'off'"))


def fill_listings(session: Session) -> None:
    """Make the listings anew."""
    session.execute(text("SET LOCAL work_mem = '256MB'"))
    session.execute(text(f"TRUNCATE {', '.join(_LISTINGS)}"))
    with without_indexes(session, _LISTINGS):
        for statement in _FILL:
            session.execute(text(statement))
