"""Builds the services of notifications."""

from dataclasses import dataclass

from marketplace.blueprints.notifications.repositories import SqlNotificationRepository
from marketplace.blueprints.notifications.services import NotificationService
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Notifications:
    """The services of notifications."""

    notifications: NotificationService


def build(parts: Runtime) -> Notifications:
    """Wire services to their adapters."""
    repository = SqlNotificationRepository(parts.uow, parts.cursors)
    return Notifications(notifications=NotificationService(parts.uow, repository, parts.clock))


def notifications() -> Notifications:
    """The services of the current application."""
    return runtime().get(Notifications)
