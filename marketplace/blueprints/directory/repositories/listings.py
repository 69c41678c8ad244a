"""The SQL that updates the listings where the database's triggers leave work (listings_changed.sql)."""

from sqlalchemy import text

from marketplace.blueprints.directory.ports import ListingRepository
from marketplace.database.repository import SqlRepository

_REFRESH_STALE = text("""
    WITH batch AS (
        DELETE FROM stale_listing WHERE performer_id IN (
            SELECT performer_id FROM stale_listing ORDER BY performer_id LIMIT :size
            FOR NO KEY UPDATE SKIP LOCKED
        ) RETURNING performer_id
    )
    SELECT refresh_listings(array_agg(performer_id)), count(*) AS performers
    FROM batch HAVING count(*) > 0""")
_REFRESH_ALL = text("""
    WITH batch AS (SELECT id FROM performer WHERE id > :after ORDER BY id LIMIT :size)
    SELECT refresh_listings(array_agg(id)), max(id) FROM batch HAVING count(*) > 0""")
# Checked word by word, so that each batch is a short transaction however many rows are listed.
_PRUNE = text(r"""
    WITH batch AS (SELECT word FROM search_word WHERE word > :after ORDER BY word LIMIT :size),
    asked AS (
        SELECT word,
               ('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''')::tsquery AS query FROM batch
    ),
    gone AS (
        DELETE FROM search_word WHERE word IN (
            SELECT word FROM asked
            WHERE NOT EXISTS (SELECT FROM performer_listing l WHERE l.words @@ asked.query)
              AND NOT EXISTS (SELECT FROM service_listing l WHERE l.words @@ asked.query)
        )
    )
    SELECT max(word) FROM batch""")


class SqlListingRepository(SqlRepository, ListingRepository):
    def refresh_stale(self, size: int) -> int:
        row = self.session.execute(_REFRESH_STALE, {"size": size}).one_or_none()
        return 0 if row is None else int(row.performers)

    def refresh_after(self, performer_id: int, size: int) -> int | None:
        row = self.session.execute(_REFRESH_ALL, {"after": performer_id, "size": size}).one_or_none()
        return None if row is None else int(row.max)

    def prune_words(self, after: str, size: int) -> str | None:
        last: str | None = self.session.execute(_PRUNE, {"after": after, "size": size}).scalar_one()
        return last
