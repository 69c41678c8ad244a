"""Builds the services of performers."""

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.performers.changes import SUBJECT, moderated_fields
from marketplace.blueprints.performers.contracts import PerformerProfileChanged
from marketplace.blueprints.performers.ports import ModeratedPerformer
from marketplace.blueprints.performers.repositories.categories import SqlCategoryLinks
from marketplace.blueprints.performers.repositories.directory import SqlPerformerDirectory
from marketplace.blueprints.performers.repositories.privacy import SqlPerformerRecords
from marketplace.blueprints.performers.repositories.profiles import SqlPerformerRepository
from marketplace.blueprints.performers.repositories.statistics import SqlStatistics
from marketplace.blueprints.performers.services.decisions import DecisionService
from marketplace.blueprints.performers.services.profiles import ProfileService
from marketplace.blueprints.performers.services.verification import VerificationService
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Performers:
    """The services of performers."""

    profiles: ProfileService
    directory: SqlPerformerDirectory
    decisions: DecisionService
    verification: VerificationService
    records: SqlPerformerRecords
    rows: SqlPerformerRepository
    numbers: SqlStatistics
    links: SqlCategoryLinks


def build(parts: Runtime) -> Performers:
    """Wire services to their adapters."""
    repository = SqlPerformerRepository(parts.uow)
    directory = SqlPerformerDirectory(parts.uow, parts.cursors)
    audit, changes = moderation.audit(parts), moderation.change_requests(parts)
    decisions = DecisionService(parts.uow, repository, directory, audit)
    return Performers(
        profiles=ProfileService(parts.uow, repository, directory, changes, MODERATED_FIELDS),
        directory=directory,
        decisions=decisions,
        verification=VerificationService(parts.uow, repository, directory, audit),
        records=SqlPerformerRecords(parts.uow),
        rows=repository,
        numbers=SqlStatistics(parts.uow),
        links=SqlCategoryLinks(parts.uow),
    )


def performers() -> Performers:
    """The services of the current application."""
    return runtime().get(Performers)


MODERATED_FIELDS = moderated_fields(lambda: performers().rows)
"""The strategies of the fields that wait for staff, for the profile and for staff's decisions alike."""


def find_user(_caller: Principal, performer_id: int) -> int | None:
    """The user of a profile; None for one that is not public."""
    found = performers().directory.find_ref(performer_id, visible=True)
    return found.user_id if found else None


def record_changed(found: Mapping[int, ModeratedPerformer]) -> None:
    """Record that approved edits of profiles were stored."""
    runtime().uow.record_many(
        [PerformerProfileChanged(performer_id=one.id, user_id=one.user_id) for one in found.values()]
    )


def move_pending(source_id: int, target_id: int) -> int:
    """Let pending edits refer to the category that another one was merged into."""
    changes = moderation.change_requests(runtime())
    return changes.replace_item(SUBJECT, "category_ids", source_id, target_id)
