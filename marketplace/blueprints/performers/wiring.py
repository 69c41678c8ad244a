"""Builds the services of performers."""

from collections.abc import Mapping
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.catalog import public as catalog
from marketplace.blueprints.moderation import public as moderation
from marketplace.blueprints.performers.applications import ApplicationService
from marketplace.blueprints.performers.certificate_wiring import Certificates, build_certificates
from marketplace.blueprints.performers.changes import SUBJECT, moderated_fields
from marketplace.blueprints.performers.checklist import ChecklistService
from marketplace.blueprints.performers.decisions import BulkStatus, DecisionService
from marketplace.blueprints.performers.events import PerformerProfileChanged
from marketplace.blueprints.performers.figures import FigureService
from marketplace.blueprints.performers.listings import ListingService
from marketplace.blueprints.performers.portfolio_wiring import Portfolio, build_portfolio
from marketplace.blueprints.performers.ports import ModeratedPerformer
from marketplace.blueprints.performers.repositories import (
    SqlCategoryLinks,
    SqlFavouriteRepository,
    SqlListingRepository,
    SqlPerformerDirectory,
    SqlPerformerRecords,
    SqlPerformerRepository,
    SqlStatistics,
    SqlSuggestions,
)
from marketplace.blueprints.performers.repositories.checklist import SqlChecklistRepository
from marketplace.blueprints.performers.repositories.figures import SqlFiguresRepository
from marketplace.blueprints.performers.repositories.schedules import SqlScheduleRepository
from marketplace.blueprints.performers.repositories.slots import SqlSlotRepository
from marketplace.blueprints.performers.schedules import ScheduleService
from marketplace.blueprints.performers.services import (
    DirectoryService,
    FavouriteService,
    ProfileService,
)
from marketplace.blueprints.performers.slots import SlotService
from marketplace.kernel.identity import Principal
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Performers:
    """The services of performers."""

    profiles: ProfileService
    directory: DirectoryService
    decisions: DecisionService
    favourites: FavouriteService
    listings: ListingService
    records: SqlPerformerRecords
    applications: ApplicationService
    certificates: Certificates
    portfolio: Portfolio
    figures: FigureService
    checklist: ChecklistService
    figure_rows: SqlFiguresRepository
    schedules: ScheduleService
    schedule_rows: SqlScheduleRepository
    slots: SlotService


def build(parts: Runtime) -> Performers:
    """Wire services to their adapters, and register performers with moderation and the export."""
    repository = SqlPerformerRepository(parts.uow)
    directory = SqlPerformerDirectory(parts.uow, parts.cursors, parts.clock)
    moderated = moderated_fields(repository)
    decisions = DecisionService(parts.uow, repository, directory, moderation.audit(parts))

    def changed(found: Mapping[int, ModeratedPerformer]) -> None:
        parts.uow.record_many(
            [PerformerProfileChanged(performer_id=one.id, user_id=one.user_id) for one in found.values()]
        )

    moderation.register_subject(
        parts,
        moderation.ModeratedSubject(name=SUBJECT, fields=moderated, store=repository, changed=changed),
    )
    records = SqlPerformerRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("performer", records.profile))
    figure_rows = SqlFiguresRepository(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("performer_figures", figure_rows.export))
    accounts.register_export(parts, accounts.ExportSection("favourites", records.favourites))
    schedule_rows = SqlScheduleRepository(parts.uow, parts.cursors)
    accounts.register_export(parts, accounts.ExportSection("schedule", schedule_rows.export))
    moderation.register_bulk(parts, BulkStatus(decisions))
    numbers = SqlStatistics(parts.uow)
    moderation.register_counters(parts, numbers.counters())
    moderation.register_queues(parts, numbers.queues())
    certificates = build_certificates(parts, directory)
    public = DirectoryService(directory, certificates.shelf, SqlSuggestions(parts.uow, parts.clock))
    changes = moderation.change_requests(parts)

    def move_pending(source_id: int, target_id: int) -> int:
        return changes.replace_item(SUBJECT, "category_ids", source_id, target_id)

    links = SqlCategoryLinks(parts.uow)
    catalog.register_category_use(parts, catalog.CategoryUse("performers", links.move_category))
    catalog.register_category_use(parts, catalog.CategoryUse("change_requests", move_pending))

    def owner(_caller: Principal, performer_id: int) -> int | None:
        found = public.find_visible(performer_id)
        return found.user_id if found else None

    moderation.register_reportable(parts, moderation.Reportable(SUBJECT, owner))
    profiles = ProfileService(parts.uow, repository, directory, changes, moderated)
    return Performers(
        profiles=profiles,
        directory=public,
        decisions=decisions,
        favourites=FavouriteService(parts.uow, SqlFavouriteRepository(parts.uow), directory, parts.clock),
        listings=ListingService(parts.uow, SqlListingRepository(parts.uow)),
        records=records,
        applications=ApplicationService(
            parts.uow,
            profiles,
            certificates.own,
            accounts.avatars(parts),
            accounts.picture_allowance(parts),
        ),
        certificates=certificates,
        portfolio=build_portfolio(parts),
        figures=FigureService(parts.uow, figure_rows, parts.clock),
        figure_rows=figure_rows,
        schedules=ScheduleService(parts.uow, schedule_rows, parts.clock),
        schedule_rows=schedule_rows,
        slots=SlotService(SqlSlotRepository(parts.uow), parts.clock),
        checklist=ChecklistService(SqlChecklistRepository(parts.uow), parts.clock),
    )


def performers() -> Performers:
    """The services of the current application."""
    return runtime().get(Performers)
