"""Handlers of events and background jobs of accounts."""

from collections.abc import Callable, Iterable
from typing import Any

from marketplace.blueprints.accounts.contracts import UserRegistered
from marketplace.blueprints.accounts.services.codes import CODE_JOB
from marketplace.blueprints.accounts.services.contacts import CHANGE_EMAIL_JOB
from marketplace.blueprints.accounts.services.deletion import RESTORE_JOB
from marketplace.blueprints.accounts.services.passwords import RESET_JOB
from marketplace.blueprints.accounts.services.post import NOTICE_JOB
from marketplace.blueprints.accounts.services.registration import WELCOME_JOB
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_SECONDS = 3600.0
EVERY_DAY = 24 * EVERY_SECONDS
SWEEP_JOB = "accounts.sweep"
LAPSE_JOB = "accounts.lapse_addresses"
AVATARS_JOB = "accounts.sweep_avatars"


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of accounts."""
    registration = parts.get(Accounts).registration

    def welcome(event: UserRegistered) -> None:
        registration.welcome(event.user_id)

    return [
        Handler(UserRegistered, welcome, key="accounts.welcome", after_commit=False),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """Jobs that send messages after the commit, make what users asked for, and sweep."""
    built = parts.get(Accounts)

    def sending(kind: str, send: Callable[..., None], lane: Lane) -> Job:
        def run(payload: dict[str, Any]) -> None:
            send(**payload)

        return Job(kind, run, effect=True, lane=lane)

    def sweep(_payload: dict[str, Any]) -> None:
        built.sweeper.sweep()

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
        Job(SWEEP_JOB, sweep, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(LAPSE_JOB, lapse, effect=True, every=EVERY_SECONDS, lane=Lane.BULK),
        Job(AVATARS_JOB, sweep_avatars, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
