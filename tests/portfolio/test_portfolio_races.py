"""Many at once on one portfolio, on real connections: never more pictures than may be, nothing lost."""

import io
from collections import Counter
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from marketplace.blueprints.portfolio.ports import StoredPicture
from marketplace.blueprints.portfolio.services import MAX_IMAGES
from marketplace.blueprints.portfolio.wiring import Portfolio
from marketplace.extensions import db
from marketplace.kernel.identity import Principal
from marketplace.models import JobRow, PortfolioImage
from marketplace.testing import Factory
from tests.portfolio.test_portfolio import URL, fill, picture
from tests.support.threads import at_once

THREADS = 50


def ids_of(performer_id: int) -> list[int]:
    statement = (
        select(PortfolioImage.id)
        .where(PortfolioImage.performer_id == performer_id)
        .order_by(PortfolioImage.position, PortfolioImage.id)
    )
    return list(db.session.scalars(statement))


def test_never_more_than_the_cap(committed: Flask) -> None:
    service = committed.extensions["marketplace"].get(Portfolio).own
    with committed.app_context():
        user = Factory().user()
        performer_id = Factory().performer(user).id
        fill(performer_id, MAX_IMAGES - 3)
        caller = Principal(user_id=user.id, session_id=1, performer_id=performer_id, verified=True)

    def add(number: int) -> str:
        with committed.app_context():
            try:
                service.add(caller, StoredPicture(f"portfolio/race-{number}", 4, 3, ""))
            except Exception as error:  # noqa: BLE001 - counted by its class below
                return type(error).__name__
            return "added"

    outcome = Counter(at_once(THREADS, add))
    with committed.app_context():
        positions = list(db.session.scalars(select(PortfolioImage.position)))
        jobs = db.session.scalars(select(JobRow.kind).where(JobRow.kind.like("%thumbnail"))).all()
    assert len(positions) == len(set(positions)) == MAX_IMAGES
    # A lock that is waited for too long is answered with "busy": refused too, and nothing stored.
    assert outcome.pop("added") == len(jobs) == 3
    assert set(outcome) <= {"PortfolioFull", "ResourceBusy", "Unavailable"}, outcome


def test_a_retry_beside_the_first_try(committed: Flask, auth: Any) -> None:
    uploads = Path(committed.instance_path) / "uploads" / "portfolio"
    with committed.app_context():
        user = Factory().user()
        performer_id = Factory().performer(user).id
        headers = auth(user) | {"Idempotency-Key": "once"}
    before = {path.name for path in uploads.glob("*")}

    def send(_number: int) -> tuple[int, bytes]:
        answer = committed.test_client().post(
            URL,
            data={"file": (io.BytesIO(picture()), "roof.png")},
            content_type="multipart/form-data",
            headers=headers,
        )
        return answer.status_code, answer.data if answer.status_code == 201 else b""

    answers = Counter(at_once(8, send))
    with committed.app_context():
        [image_id] = ids_of(performer_id)
        key = db.session.get_one(PortfolioImage, image_id).key
    assert {path.name for path in uploads.glob("*")} - before == {Path(key).name}, "no try leaves a file"
    assert {status for status, _ in answers} <= {201, 409, 503}
    assert len([body for status, body in answers if status == 201]) == 1, "all answers are the first's"


def test_orders_and_pictures_at_once(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        user = Factory().user()
        performer_id = Factory().performer(user).id
        fill(performer_id, 6)
        ids = ids_of(performer_id)
        headers = auth(user)

    def run(number: int) -> int:
        client = committed.test_client()
        if number == 0:
            return client.delete(f"{URL}/{ids[0]}", headers=headers | {"If-Match": "*"}).status_code
        wanted = ids[number % 6 :] + ids[: number % 6]
        return client.put(f"{URL}/order", json={"ids": wanted}, headers=headers).status_code

    answers = at_once(12, run)
    assert answers[0] == 204
    assert set(answers[1:]) <= {200, 422}
    with committed.app_context():
        left = ids_of(performer_id)
        positions = list(db.session.scalars(select(PortfolioImage.position)))
    assert sorted(left) == ids[1:]
    assert len(set(positions)) == 5


def test_editors_with_one_tag(committed: Flask, auth: Any) -> None:
    with committed.app_context():
        user = Factory().user()
        performer_id = Factory().performer(user).id
        fill(performer_id, 1)
        [image_id] = ids_of(performer_id)
        headers = auth(user)
    tag = committed.test_client().get(f"{URL}/{image_id}", headers=headers).headers["ETag"]
    headers["If-Match"] = tag

    def edit(number: int) -> int:
        path = f"{URL}/{image_id}"
        body = {"caption": f"Roof {number}"}
        return committed.test_client().patch(path, json=body, headers=headers).status_code

    assert Counter(at_once(20, edit)) == {200: 1, 412: 19}
    with committed.app_context():
        assert db.session.get_one(PortfolioImage, image_id).version == 2
