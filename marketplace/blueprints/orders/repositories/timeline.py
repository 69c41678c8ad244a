"""The SQL of the timeline of an order."""

from typing import Any

from sqlalchemy import Integer, Text, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.dialects.postgresql import JSONB

from marketplace.blueprints.orders.policies.timeline import TimelineKind
from marketplace.blueprints.orders.ports import ShownReview, TimelineEntry, TimelineRepository
from marketplace.database.keyset import fetch_page
from marketplace.database.repository import SqlRepository
from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.kernel.cursors import CursorSigner
from marketplace.kernel.pages import Page, PageRequest
from marketplace.models.disputes import DisputeEvidence
from marketplace.models.orders import OrderRemark, OrderTransition
from marketplace.models.reviews import Review

_NO_TEXT = cast(null(), Text)
_NO_DATA = cast(literal("{}", Text), JSONB)


def _steps(order_id: int) -> Any:
    """Steps and proposals of steps."""
    kind = case(
        (OrderTransition.transition == "arrive", TimelineKind.ARRIVAL.value),
        (OrderTransition.data.has_key("proposal"), TimelineKind.PROPOSAL.value),
        else_=TimelineKind.TRANSITION.value,
    )
    return select(
        literal(0).label("source"),
        cast(kind, Text).label("kind"),
        OrderTransition.id.label("id"),
        OrderTransition.created_at.label("at"),
        OrderTransition.actor_role.label("actor_role"),
        OrderTransition.transition.label("transition"),
        OrderTransition.from_status.label("from_status"),
        OrderTransition.to_status.label("to_status"),
        OrderTransition.reason.label("reason"),
        OrderTransition.data.label("data"),
        cast(null(), Integer).label("rating"),
        cast(null(), Review.published_at.type).label("published_at"),
    ).where(OrderTransition.order_id == order_id)


def _remarks(order_id: int) -> Any:
    """What staff waived."""
    return select(
        literal(1),
        cast(OrderRemark.kind, Text),
        OrderRemark.id,
        OrderRemark.created_at,
        OrderRemark.actor_role,
        _NO_TEXT,
        _NO_TEXT,
        _NO_TEXT,
        OrderRemark.reason,
        OrderRemark.data,
        cast(null(), Integer),
        cast(null(), Review.published_at.type),
    ).where(OrderRemark.order_id == order_id)


def _reviews(order_id: int, viewer_id: int) -> Any:
    """Published reviews, and one that the viewer has written and that waits. Its text is the `reason`."""
    author = case((Review.direction == "of_performer", "customer"), else_="performer")
    visible = or_(
        and_(Review.published_at.is_not(None), Review.hidden_at.is_(None)),
        and_(Review.published_at.is_(None), Review.author_id == viewer_id),
    )
    return select(
        literal(2),
        literal(TimelineKind.REVIEW.value, Text),
        Review.id,
        func.coalesce(Review.published_at, Review.created_at),
        cast(author, Text),
        _NO_TEXT,
        _NO_TEXT,
        _NO_TEXT,
        Review.text,
        _NO_DATA,
        Review.rating,
        Review.published_at,
    ).where(Review.order_id == order_id, visible)


def _evidence(order_id: int) -> Any:
    """Files that the parties have added to a dispute. Their notes are the `reason`."""
    return select(
        literal(3),
        literal(TimelineKind.EVIDENCE.value, Text),
        DisputeEvidence.id,
        DisputeEvidence.created_at,
        DisputeEvidence.side,
        _NO_TEXT,
        _NO_TEXT,
        _NO_TEXT,
        func.nullif(DisputeEvidence.note, ""),
        _NO_DATA,
        cast(null(), Integer),
        cast(null(), Review.published_at.type),
    ).where(DisputeEvidence.order_id == order_id)


class SqlTimelineRepository(SqlRepository, TimelineRepository):
    def __init__(self, uow: SqlUnitOfWork, signer: CursorSigner) -> None:
        super().__init__(uow)
        self._signer = signer

    def list(self, order_id: int, viewer_id: int, page: PageRequest) -> Page[TimelineEntry]:
        # Each kind of rows is a branch with a number of its own as `source`: to show more, add one here.
        branches = (_steps(order_id), _remarks(order_id), _reviews(order_id, viewer_id), _evidence(order_id))
        all_ = union_all(*branches).subquery()
        statement = select(*all_.c).order_by(all_.c.at, all_.c.source, all_.c.id)
        found = fetch_page(
            self.session,
            statement,
            page,
            self._signer,
            name="order_timeline",
            filters={"order": order_id, "viewer": viewer_id},
        )
        return Page([_entry(row) for row in found.items], found.next, found.previous)


def _entry(row: Any) -> TimelineEntry:
    values = dict(row._mapping)
    for name in ("source", "rating", "published_at"):
        del values[name]
    review = None
    if row.rating is not None:
        review = ShownReview(row.id, row.rating, values.pop("reason"), row.published_at)
        values["reason"] = None
    return TimelineEntry(**values, review=review)
