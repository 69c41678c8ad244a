"""Builds the services of notifications."""

from dataclasses import dataclass

from marketplace.blueprints.notifications.ports import NotificationRepository
from marketplace.blueprints.notifications.repositories import SqlNotificationRepository
from marketplace.blueprints.notifications.services import NotificationService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Notifications:
    """The services of notifications."""

    notifications: NotificationService
    rows: NotificationRepository


def build(parts: Runtime) -> Notifications:
    """Wire services to their adapters."""
    rows = SqlNotificationRepository(parts.uow, parts.cursors)
    return Notifications(notifications=NotificationService(parts.uow, rows, parts.clock), rows=rows)


def notifications() -> Notifications:
    """The services of the current application."""
    return runtime().get(Notifications)
