"""The SQL of what becomes of performers when two categories are merged."""

from sqlalchemy import CursorResult, delete, literal, select
from sqlalchemy.dialects.postgresql import insert

from marketplace.database.repository import SqlRepository
from marketplace.models.performers import PerformerCategory


class SqlCategoryLinks(SqlRepository):
    """Which performers work in which categories."""

    def move_category(self, source_id: int, target_id: int) -> int:
        """All who work in the one work in the other; how many those are."""
        columns = (PerformerCategory.performer_id, PerformerCategory.category_id)
        linked = PerformerCategory.category_id == source_id
        new = select(PerformerCategory.performer_id, literal(target_id)).where(linked)
        # Some work in both already.
        self.session.execute(insert(PerformerCategory).from_select(columns, new).on_conflict_do_nothing())
        result = self.session.execute(
            delete(PerformerCategory).where(linked), execution_options={"synchronize_session": False}
        )
        assert isinstance(result, CursorResult)
        return result.rowcount
