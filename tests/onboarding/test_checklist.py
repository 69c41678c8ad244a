"""The onboarding checklist tells what is there, in one query, and nothing else makes an item done."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Text, cast, literal
from sqlalchemy.dialects.postgresql import INT4MULTIRANGE

from marketplace.extensions import db
from marketplace.models import (
    Category,
    Certificate,
    ChangeRequest,
    Performer,
    PerformerCategory,
    PerformerSchedule,
    PortfolioImage,
    Service,
    User,
)
from marketplace.testing import START, CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]
URL = "/api/v1/performers/me/checklist"
REQUIRED = {"contact_confirmed", "about", "category", "service", "approved"}
RECOMMENDED = {"schedule", "avatar", "portfolio", "certificate"}


@pytest.fixture
def user(make: Factory) -> User:
    return make.user()


@pytest.fixture
def performer(make: Factory, user: User) -> Performer:
    """With nothing but the account's address confirmed."""
    return make.performer(user, about="", status="rejected", categories=[])


@pytest.fixture
def ask(client: CheckedClient, performer: Performer, user: User, auth: Auth) -> Callable[[], dict[str, Any]]:
    headers = auth(user)

    def get() -> dict[str, Any]:
        answer = client.get(URL, headers=headers)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json
        return found

    return get


def done(checklist: dict[str, Any], key: str = "done") -> set[str]:
    return {item["code"] for item in checklist["items"] if item[key]}


def keep(*rows: Any) -> None:
    db.session.add_all(rows)
    db.session.commit()


def schedule(performer: Performer, weekly: str) -> PerformerSchedule:
    return PerformerSchedule(performer_id=performer.id, weekly=cast(literal(weekly, Text), INT4MULTIRANGE))


def certificate(performer: Performer, **values: Any) -> Certificate:
    defaults: dict[str, Any] = {
        "title": "Diploma",
        "issued_on": date(2025, 1, 1),
        "file_key": f"private/{len(db.session.query(Certificate).all())}",
        "content_type": "application/pdf",
        "size": 3,
        "sha256": "0" * 64,
        "status": "approved",
        "decided_at": START,
    }
    return Certificate(performer_id=performer.id, **defaults | values)


def test_step_by_step(
    ask: Callable[[], dict[str, Any]], make: Factory, user: User, performer: Performer
) -> None:
    found = ask()
    assert {item["code"] for item in found["items"]} == REQUIRED | RECOMMENDED
    assert done(found, "required") == REQUIRED
    assert (done(found), done(found, "pending"), found["complete"]) == ({"contact_confirmed"}, set(), False)

    performer.about = "Twenty years"
    db.session.commit()
    assert done(ask()) == {"contact_confirmed", "about"}
    category = make.category()
    keep(PerformerCategory(performer_id=performer.id, category_id=category.id))
    assert done(ask()) == {"contact_confirmed", "about", "category"}
    make.service(performer)
    assert done(ask()) == {"contact_confirmed", "about", "category", "service"}
    performer.status = "pending"
    db.session.commit()
    found = ask()
    assert (done(found, "pending"), found["complete"]) == ({"approved"}, False)
    performer.status = "approved"
    db.session.commit()
    found = ask()
    assert (done(found), done(found, "pending"), found["complete"]) == (REQUIRED, set(), True)

    user.avatar_key = "avatars/x.webp"
    keep(PortfolioImage(performer_id=performer.id, key="portfolio/x", width=1, height=1, position=1))
    keep(certificate(performer, expires_on=START.date()))
    keep(schedule(performer, "{[540,1020)}"))
    assert done(ask()) == REQUIRED | RECOMMENDED


def test_a_confirmed_phone_is_enough(ask: Callable[[], dict[str, Any]], make: Factory, user: User) -> None:
    user.phone, user.phone_verified, user.email_verified = "+4930901820", True, False
    db.session.commit()
    assert done(ask()) == {"contact_confirmed"}


def test_what_does_not_count(ask: Callable[[], dict[str, Any]], make: Factory, performer: Performer) -> None:
    gone: Category = make.category(is_active=False)
    keep(PerformerCategory(performer_id=performer.id, category_id=gone.id))
    for values in (
        {"is_active": False},
        {"deleted_at": START},
        {"hidden_at": START, "hidden_reason": "Spam"},
        {"category_id": gone.id},
    ):
        service: Service = make.service(performer, **values)
        assert service.performer_id == performer.id
    other = make.performer()
    make.service(other)
    keep(PortfolioImage(performer_id=other.id, key="portfolio/x", width=1, height=1, position=1))
    keep(certificate(other))
    keep(certificate(performer, expires_on=START.date() - timedelta(days=1)))
    keep(certificate(performer, status="rejected", reason="Not readable"))
    keep(schedule(performer, "{}"))
    assert done(ask()) == {"contact_confirmed"}


def test_a_certificate_ends_with_its_day_where_the_performer_is(
    ask: Callable[[], dict[str, Any]], performer: Performer
) -> None:
    keep(certificate(performer, expires_on=START.date() - timedelta(days=1)))
    assert "certificate" not in done(ask())
    performer.timezone = "Pacific/Pago_Pago"  # 22:00 of the day before
    db.session.commit()
    assert "certificate" in done(ask())


def test_what_waits_for_staff(ask: Callable[[], dict[str, Any]], user: User, performer: Performer) -> None:
    def change(subject: str, subject_id: int, field: str, **values: Any) -> ChangeRequest:
        return ChangeRequest(
            subject_type=subject,
            subject_id=subject_id,
            requested_by=user.id,
            field_name=field,
            new_value="x",
            **values,
        )

    keep(
        change("user", user.id, "first_name"),
        change("performer", performer.id + 1_000, "about"),
        change("performer", performer.id, "category_ids", status="rejected", reason="No", decided_at=START),
    )
    assert done(ask(), "pending") == set()
    keep(
        change("user", user.id, "avatar"),
        change("performer", performer.id, "about"),
        change("performer", performer.id, "category_ids"),
        certificate(performer, status="pending", decided_at=None),
    )
    found = ask()
    assert done(found, "pending") == {"avatar", "about", "category", "certificate"}
    assert done(found) == {"contact_confirmed"}


def test_it_costs_two_queries(
    client: CheckedClient, performer: Performer, user: User, auth: Auth, assert_queries: Any
) -> None:
    headers = auth(user)
    with assert_queries(2):  # who is calling, and all facts
        client.get(URL, headers=headers)
