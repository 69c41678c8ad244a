"""Handlers and background jobs of privacy."""

from collections.abc import Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import PasswordChanged, UserClaimed
from marketplace.blueprints.privacy.services.anonymisation import ANONYMISE_JOB, ANONYMISE_ONE_JOB
from marketplace.blueprints.privacy.services.exports import EXPORT_JOB
from marketplace.blueprints.privacy.wiring import Privacy
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_SECONDS = 3600.0
EXPORTS_JOB = "accounts.sweep_exports"


def handlers(parts: Runtime) -> Iterable[Handler]:
    """Delete copies of the data on a new password or a claim, since somebody else may have asked for them."""
    exports = parts.get(Privacy).exports

    def discard(event: PasswordChanged | UserClaimed) -> None:
        exports.discard(event.user_id)

    return [
        Handler(PasswordChanged, discard, key="privacy.password_changed", after_commit=False),
        Handler(UserClaimed, discard, key="privacy.user_claimed", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The jobs that make copies of data, and those that end deleted accounts."""
    built = parts.get(Privacy)

    def export(payload: dict[str, Any]) -> None:
        built.exports.build(payload["export_id"])

    def sweep_exports(_payload: dict[str, Any]) -> None:
        built.exports.sweep()

    def anonymise_due(payload: dict[str, Any]) -> None:
        built.anonymisation.enqueue_due(payload.get("after_id", 0))

    def anonymise(payload: dict[str, Any]) -> None:
        built.anonymisation.anonymise(payload["user_id"])

    return [
        Job(EXPORT_JOB, export, effect=True, lane=Lane.BULK),
        Job(EXPORTS_JOB, sweep_exports, effect=True, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(ANONYMISE_JOB, anonymise_due, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(ANONYMISE_ONE_JOB, anonymise, lane=Lane.BULK),
    ]
