"""Builds the services of reviews."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.orders import public as orders
from marketplace.blueprints.reviews.ports import PhotoRepository, ReviewRecords, ReviewRepository
from marketplace.blueprints.reviews.repositories.photos import SqlPhotoRepository
from marketplace.blueprints.reviews.repositories.privacy import SqlReviewRecords
from marketplace.blueprints.reviews.repositories.reviews import SqlReviewRepository
from marketplace.blueprints.reviews.repositories.statistics import SqlStatistics
from marketplace.blueprints.reviews.services.photos import PhotoFiles, PhotoService
from marketplace.blueprints.reviews.services.reported import ReportedReviews
from marketplace.blueprints.reviews.services.reviews import ReviewService
from marketplace.kernel.personal_data import ExportFile
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Reviews:
    """The services of reviews."""

    reviews: ReviewService
    photos: PhotoService
    reported: ReportedReviews
    files: PhotoFiles
    photo_rows: PhotoRepository
    rows: ReviewRepository
    records: ReviewRecords
    numbers: SqlStatistics


def build(parts: Runtime) -> Reviews:
    """Wire services to their adapters."""
    repository, photo_rows = SqlReviewRepository(parts.uow, parts.cursors), SqlPhotoRepository(parts.uow)
    files, pictures, links = parts.outside.files, parts.outside.pictures, parts.outside.private_files
    audit = moderation.audit(parts)
    service = ReviewService(parts.uow, repository, orders.find_order, audit, links, parts.clock)
    return Reviews(
        reviews=service,
        reported=ReportedReviews(repository, links),
        photos=PhotoService(service, accounts.picture_allowance(parts), files, pictures),
        files=PhotoFiles(parts.uow, photo_rows, files, parts.clock),
        photo_rows=photo_rows,
        rows=repository,
        records=SqlReviewRecords(parts.uow),
        numbers=SqlStatistics(parts.uow),
    )


def reviews() -> Reviews:
    """The services of the current application."""
    return runtime().get(Reviews)


def files_of(user_id: int) -> Iterator[ExportFile]:
    """The photos for an export."""
    for photo_id, key in reviews().photo_rows.list_keys(user_id):
        yield ExportFile(f"reviews/review-photo-{photo_id}.webp", key)
