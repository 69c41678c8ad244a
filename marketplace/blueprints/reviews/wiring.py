"""Builds the services of reviews."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.reviews.ports import ReviewedOrder
from marketplace.blueprints.reviews.privacy_repositories import SqlReviewRecords
from marketplace.blueprints.reviews.repositories import SqlReviewRepository
from marketplace.blueprints.reviews.services import BulkVisibility, ReviewService
from marketplace.blueprints.reviews.statistics_repositories import SqlStatistics
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Reviews:
    """The services of reviews."""

    reviews: ReviewService
    records: SqlReviewRecords


def build(parts: Runtime) -> Reviews:
    """Wire services to their adapters, and register what an export holds of reviews."""
    repository = SqlReviewRepository(parts.uow, parts.cursors)
    service = ReviewService(parts.uow, repository, _order, moderation.audit(parts), parts.clock)
    moderation.register_counters(parts, SqlStatistics(parts.uow).counters())
    moderation.register_bulk(parts, BulkVisibility(service))
    moderation.register_reportable(parts, moderation.Reportable("review", service.author_for))
    records = SqlReviewRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("reviews_written", records.written))
    accounts.register_export(parts, accounts.ExportSection("reviews_received", records.received))
    return Reviews(reviews=service, records=records)


def reviews() -> Reviews:
    """The services of the current application."""
    return runtime().get(Reviews)


def _order(order_id: int) -> ReviewedOrder | None:
    found = orders.find_order(order_id)
    if found is None:
        return None
    return ReviewedOrder(
        id=found.id,
        status=found.status,
        customer_id=found.customer_id,
        performer_id=found.performer_id,
        performer_user_id=found.performer_user_id,
        completed_at=found.completed_at,
    )
