"""Builds the services of reviews."""

from dataclasses import dataclass

from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.reviews.ports import ReviewRecords, ReviewRepository
from marketplace.blueprints.reviews.repositories.privacy import SqlReviewRecords
from marketplace.blueprints.reviews.repositories.reviews import SqlReviewRepository
from marketplace.blueprints.reviews.repositories.statistics import SqlStatistics
from marketplace.blueprints.reviews.services import ReviewService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Reviews:
    """The services of reviews."""

    reviews: ReviewService
    rows: ReviewRepository
    records: ReviewRecords
    numbers: SqlStatistics


def build(parts: Runtime) -> Reviews:
    """Wire services to their adapters."""
    repository = SqlReviewRepository(parts.uow, parts.cursors)
    return Reviews(
        reviews=ReviewService(parts.uow, repository, orders.find_order, moderation.audit(parts), parts.clock),
        rows=repository,
        records=SqlReviewRecords(parts.uow),
        numbers=SqlStatistics(parts.uow),
    )


def reviews() -> Reviews:
    """The services of the current application."""
    return runtime().get(Reviews)
