"""Handlers and background jobs of certificates: reminders, expiry, deleted files, the daily sweep."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from marketplace.blueprints.certificates.contracts import CertificateExpiring
from marketplace.blueprints.certificates.services.own import DELETE_FILE_JOB
from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.kernel.events import Handler
from marketplace.kernel.lanes import Lane
from marketplace.kernel.registry import Job
from marketplace.web.runtime import Runtime

EVERY_MINUTE = 60.0
EVERY_HOUR = 3_600.0
EVERY_DAY = 86_400.0
EXPIRE_JOB = "performers.expire_certificates"
REMIND_JOB = "performers.remind_of_certificates"
SWEEP_JOB = "performers.sweep_certificates"

After = tuple[date, int] | None


def handlers(parts: Runtime) -> Iterable[Handler]:
    """The handlers of certificates."""
    watch = parts.get(Certificates).watch

    def remind(event: CertificateExpiring) -> None:
        watch.send_reminder(event.certificate_id)

    return [
        Handler(
            CertificateExpiring,
            remind,
            key="performers.mail_certificate_expiring",
            effect=True,
            lane=Lane.MAIL,
        ),
    ]


def jobs(parts: Runtime) -> Iterable[Job]:
    """The kinds of jobs of certificates."""
    watch = parts.get(Certificates).watch

    def batches(kind: str, run: Callable[[After], After], every: float) -> Job:
        def one(payload: dict[str, Any]) -> None:
            more = run((date.fromisoformat(payload["day"]), payload["id"]) if payload else None)
            if more is not None:
                parts.uow.enqueue(kind, {"day": more[0].isoformat(), "id": more[1]})

        return Job(kind, one, every=every)

    def delete_file(payload: dict[str, Any]) -> None:
        watch.delete_file(payload["key"])

    def sweep(_payload: dict[str, Any]) -> None:
        watch.sweep()

    return [
        batches(EXPIRE_JOB, watch.expire, EVERY_MINUTE),
        batches(REMIND_JOB, watch.remind, EVERY_HOUR),
        Job(DELETE_FILE_JOB, delete_file, effect=True, lane=Lane.BULK),
        Job(SWEEP_JOB, sweep, effect=True, every=EVERY_DAY, lane=Lane.BULK),
    ]
