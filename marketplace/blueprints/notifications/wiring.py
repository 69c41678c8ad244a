"""Builds the services of notifications."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.notifications.privacy_repositories import SqlNotificationRecords
from marketplace.blueprints.notifications.repositories import SqlNotificationRepository
from marketplace.blueprints.notifications.services import NotificationService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Notifications:
    """The services of notifications."""

    notifications: NotificationService
    records: SqlNotificationRecords


def build(parts: Runtime) -> Notifications:
    """Wire services to their adapters, and register what an export holds of notifications."""
    repository = SqlNotificationRepository(parts.uow, parts.cursors)
    records = SqlNotificationRecords(parts.uow)
    accounts.register_export(parts, accounts.ExportSection("notifications", records.notifications))
    return Notifications(
        notifications=NotificationService(parts.uow, repository, parts.clock), records=records
    )


def notifications() -> Notifications:
    """The services of the current application."""
    return runtime().get(Notifications)
