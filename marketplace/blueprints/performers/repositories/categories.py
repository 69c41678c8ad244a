"""The SQL that updates performers when two categories are merged."""

from sqlalchemy import CursorResult, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.database.repository import SqlRepository
from marketplace.models.performers import PerformerCategory


class SqlCategoryLinks(SqlRepository):
    """The links between performers and categories."""

    def move_category(self, source_id: int, target_id: int) -> int:
        """Move all performers from the one category to the other; returns how many."""
        columns = (PerformerCategory.performer_id, PerformerCategory.category_id)
        linked = PerformerCategory.category_id == source_id
        new = select(PerformerCategory.performer_id, literal(target_id)).where(linked)
        # Some performers work in both already.
        self.session.execute(insert(PerformerCategory).from_select(columns, new).on_conflict_do_nothing())
        result = self.write(delete(PerformerCategory).where(linked))
        assert isinstance(result, CursorResult)
        return result.rowcount
