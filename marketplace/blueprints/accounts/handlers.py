"""What accounts do when something happened, and after a request has been answered."""

from collections.abc import Callable, Iterable
from typing import Any

from marketplace.blueprints.accounts.events import UserRegistered
from marketplace.blueprints.accounts.services import (
    ANONYMISE_JOB,
    ANONYMISE_ONE_JOB,
    CHANGE_EMAIL_JOB,
    CODE_JOB,
    EXPORT_JOB,
    NOTICE_JOB,
    RESET_JOB,
    RESTORE_JOB,
    WELCOME_JOB,
)
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_SECONDS = 3600.0
EVERY_DAY = 24 * EVERY_SECONDS
SWEEP_JOB = "accounts.sweep"
EXPORTS_JOB = "accounts.sweep_exports"
LAPSE_JOB = "accounts.lapse_addresses"
AVATARS_JOB = "accounts.sweep_avatars"


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of this domain."""
    registration = parts.get(Accounts).registration

    def welcome(event: UserRegistered) -> None:
        registration.welcome(event.user_id)

    return [Handler(UserRegistered, welcome, key="accounts.welcome", after_commit=False)]


def jobs(parts: Runtime) -> Iterable[Job]:
    """What is sent to people after the commit, what they asked to be made, and what is swept away."""
    built = parts.get(Accounts)

    def sending(kind: str, send: Callable[..., None], lane: Lane) -> Job:
        def run(payload: dict[str, Any]) -> None:
            send(**payload)

        return Job(kind, run, effect=True, lane=lane)

    def export(payload: dict[str, Any]) -> None:
        built.exports.build(payload["export_id"])

    def anonymise_due(payload: dict[str, Any]) -> None:
        built.deletion.enqueue_due(payload.get("after_id", 0))

    def anonymise(payload: dict[str, Any]) -> None:
        built.deletion.anonymise(payload["user_id"])

    def sweep(_payload: dict[str, Any]) -> None:
        built.sweeper.sweep()

    def sweep_exports(_payload: dict[str, Any]) -> None:
        built.exports.sweep()

    def lapse(_payload: dict[str, Any]) -> None:
        built.ownership.lapse()

    def sweep_avatars(_payload: dict[str, Any]) -> None:
        built.avatars.sweep()

    return [
        sending(WELCOME_JOB, built.registration.send_welcome, Lane.CODES),
        sending(NOTICE_JOB, built.post.mail, Lane.MAIL),
        sending(RESET_JOB, built.passwords.send_reset, Lane.CODES),
        sending(CHANGE_EMAIL_JOB, built.contacts.send_change_email, Lane.CODES),
        sending(CODE_JOB, built.codes.deliver, Lane.CODES),
        sending(RESTORE_JOB, built.deletion.send_restore, Lane.MAIL),
        Job(EXPORT_JOB, export, effect=True, lane=Lane.BULK),
        Job(EXPORTS_JOB, sweep_exports, effect=True, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(ANONYMISE_JOB, anonymise_due, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(ANONYMISE_ONE_JOB, anonymise, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(LAPSE_JOB, lapse, effect=True, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(AVATARS_JOB, sweep_avatars, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
