"""Thirty days before a certificate ends, its owner is told: once, in the own language."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.certificates.handlers import EXPIRE_JOB, REMIND_JOB
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.people import Messages

END = date(2026, 7, 15)


@pytest.fixture
def messages(app: Flask, run_jobs: Callable[[], int]) -> Messages:
    return Messages(Path(app.instance_path) / "outbox", run_jobs)


@pytest.fixture
def tick(runtime: Runtime, messages: Messages) -> Callable[[], list[dict[str, Any]]]:
    """What the worker does by itself, and the mails that come of it."""

    def run() -> list[dict[str, Any]]:
        with runtime.uow:
            runtime.uow.enqueue(EXPIRE_JOB, {})
            runtime.uow.enqueue(REMIND_JOB, {})
        return [mail for mail in messages.all() if mail["topic"] == "certificate_expiring"]

    return run


def told(like: str = "certificate.expiring") -> list[Any]:
    return list(db.session.scalars(select(DomainEventRow.payload).where(DomainEventRow.name == like)))


def test_thirty_days_before(
    client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock, tick: Callable[[], Any]
) -> None:
    user = make.user(first_name="Zoë", locale="es")
    row = make.certificate(make.performer(user), title="Braces {0} & %s", status="approved", expires_on=END)
    clock.advance(timedelta(days=41))  # the 14th of June
    assert (tick(), told()) == ([], [])
    clock.advance(timedelta(days=1))
    [mail] = tick()
    assert mail["to"] == user.email
    assert mail["subject"] == "Uno de sus certificados caduca pronto"
    assert mail["text"] == (
        "Hola, Zoë:\n\nsu certificado «Braces {0} & %s» vale hasta el 2026-07-15 inclusive. Envíe el siguiente a"
        " tiempo: sin un certificado válido, su perfil deja de estar verificado.\n"
    )
    ids = {"certificate_id": row.id, "performer_id": row.performer_id, "user_id": user.id}
    assert told() == [{**ids, "expires_on": "2026-07-15"}]
    [notice] = client.get("/api/v1/notifications", headers=auth(user)).json["items"]
    assert (notice["topic"], notice["data"]) == ("certificate.expiring", {**ids, "expires_on": "2026-07-15"})
    clock.advance(timedelta(days=5))
    assert (len(tick()), len(told())) == (1, 1), "once"


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "good through"), ("pt-BR", "good through"), ("ar", "شهادتك"), ("es-MX", "vale hasta")],
)
def test_in_the_own_language(
    make: Factory, clock: FrozenClock, tick: Callable[[], Any], locale: str, words: str
) -> None:
    make.certificate(
        make.performer(make.user(locale=locale)), status="approved", expires_on=date(2026, 5, 20)
    )
    [mail] = tick()
    assert words in mail["text"]


def test_who_is_not_told(make: Factory, clock: FrozenClock, tick: Callable[[], Any]) -> None:
    soon = {"expires_on": date(2026, 5, 20)}
    make.certificate(status="pending", **soon)
    make.certificate(status="rejected", **soon)
    make.certificate(status="approved")
    make.certificate(status="approved", expires_on=date(2026, 5, 3))
    assert (tick(), told()) == ([], [])
    assert len(told("certificate.expired")) == 1


@pytest.mark.parametrize("values", [{"email_verified": False}, {"is_active": False}, {"deleted_at": "now"}])
def test_who_gets_no_mail(
    make: Factory, clock: FrozenClock, tick: Callable[[], Any], values: dict[str, Any]
) -> None:
    given = {key: clock.now() if value == "now" else value for key, value in values.items()}
    user: User = make.user(**given)
    make.certificate(make.performer(user), status="approved", expires_on=date(2026, 5, 20))
    assert tick() == []


def test_a_certificate_that_is_gone_before_the_mail(
    make: Factory, runtime: Runtime, clock: FrozenClock, messages: Messages
) -> None:
    row = make.certificate(status="approved", expires_on=date(2026, 5, 20))
    with runtime.uow:
        runtime.registry.jobs[REMIND_JOB].run({})
    db.session.delete(row)
    db.session.commit()
    assert [mail for mail in messages.all() if mail["topic"] == "certificate_expiring"] == []
