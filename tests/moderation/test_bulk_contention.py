"""Bulk decisions of all kinds on the same people at once: nobody ends in a deadlock."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from psycopg2 import errorcodes
from sqlalchemy import event, insert
from sqlalchemy.engine import ExceptionContext

from marketplace.extensions import db
from marketplace.models import ChangeRequest
from marketplace.testing import Factory
from tests.support.threads import at_once

PEOPLE = 12
ROUNDS = 6
KINDS: dict[str, tuple[str, ...]] = {
    "performers": ("approved", "suspended"),
    "users": ("active", "blocked"),
    "services": ("hidden", "visible"),
    "reviews": ("hidden", "visible"),
    "changes": ("approved", "rejected"),
}


@pytest.fixture
def deadlocks(committed: Flask) -> Iterator[list[str]]:
    """The statements that PostgreSQL has ended for a deadlock."""
    found: list[str] = []

    def note(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "pgcode", None) == errorcodes.DEADLOCK_DETECTED:
            found.append(f"{context.statement} | {context.original_exception}")

    with committed.app_context():
        engine = db.engine
    event.listen(engine, "handle_error", note)
    yield found
    event.remove(engine, "handle_error", note)


@pytest.fixture
def market(committed: Flask) -> dict[str, list[int]]:
    """People who offer, with services, reviews and names that wait: the ids of each kind."""
    with committed.app_context():
        make = Factory()
        performers = [make.performer() for _ in range(PEOPLE)]
        services = [make.service(performer) for performer in performers]
        reviews = [
            make.review(make.order(make.user(), service, status="completed"), published_at=None)
            for service in services
        ]
        changes = [
            {
                "subject_type": kind,
                "subject_id": performer.user_id if kind == "user" else performer.id,
                "requested_by": performer.user_id,
                "field_name": field,
                "old_value": "old",
                "new_value": f"new {field}",
            }
            for performer in performers
            for kind, field in (("user", "first_name"), ("user", "last_name"), ("performer", "headline"))
        ]
        found = {
            "performers": [performer.id for performer in performers],
            "users": [performer.user_id for performer in performers],
            "services": [service.id for service in services],
            "reviews": [review.id for review in reviews],
            "changes": list(db.session.scalars(insert(ChangeRequest).returning(ChangeRequest.id), changes)),
        }
        db.session.commit()
        return found


def test_bulk_decisions_do_not_deadlock(
    committed: Flask, market: dict[str, list[int]], auth: Any, deadlocks: list[str]
) -> None:
    with committed.app_context():
        staff = [auth(Factory().staff("admin")) for _ in range(len(KINDS) * 2)]

    def decide(number: int) -> Counter[tuple[str, int]]:
        kind = list(KINDS)[number % len(KINDS)]
        chance = random.Random(number)
        answers: Counter[tuple[str, int]] = Counter()
        client = committed.test_client()
        for _ in range(ROUNDS):
            ids = market[kind].copy()
            chance.shuffle(ids)
            body = {"ids": ids, "status": chance.choice(KINDS[kind]), "reason": "seen"}
            answer = client.post(f"/api/v1/admin/{kind}/status", json=body, headers=staff[number])
            answers[kind, answer.status_code] += 1
        return answers

    answers = sum(at_once(len(staff), decide), Counter())
    assert deadlocks == []
    assert {status for _, status in answers} <= {200, 409}, answers
    assert {kind for kind, status in answers if status == 200} == set(KINDS), answers
