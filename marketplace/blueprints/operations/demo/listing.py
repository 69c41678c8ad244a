"""Fills the listings after a bulk load, in one pass over everything instead of one for each row."""

from sqlalchemy import text
from sqlalchemy.orm import Session

_TABLES = ("performer_listing", "performer_listing_category", "service_listing", "search_word")
_INDEXES = text("""
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = current_schema() AND tablename = ANY (:tables) AND indexname NOT LIKE 'pk\\_%'
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


def hold_listings(session: Session) -> None:
    """Until this transaction ends, the triggers leave the listings alone."""
    session.execute(text("SET LOCAL marketplace.listings = 'off'"))


def fill_listings(session: Session) -> None:
    """Make the listings anew, their indexes last: sorted once, they cost a fraction of so many insertions.

    Readers of the lists wait until the transaction ends.
    """
    session.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    session.execute(text("SET LOCAL work_mem = '256MB'"))
    session.execute(text(f"TRUNCATE {', '.join(_TABLES)}"))
    indexes = session.execute(_INDEXES, {"tables": list(_TABLES)}).all()
    for index in indexes:
        session.execute(text(f'DROP INDEX "{index.indexname}"'))
    for statement in _FILL:
        session.execute(text(statement))
    for index in indexes:
        session.execute(text(index.indexdef))
