"""A row that somebody else holds, and the same race run again and again: answers come in time."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.extensions import db
from marketplace.models import Order, User
from marketplace.testing import START, Factory
from tests.orders.conftest import event_names

RUNS = 5
LOCKED_SECONDS = 2.0
"""What a caller waits at most for a row that is locked elsewhere (docs: when something breaks)."""


@pytest.fixture
def offers(committed: Flask, auth: Callable[[User], dict[str, str]]) -> tuple[list[int], dict[str, str]]:
    """Pending orders of one performer, a day between them, and the performer's headers."""
    with committed.app_context():
        make = Factory()
        customer, performer = make.user(), make.user()
        service = make.service(make.performer(performer))
        days = (timedelta(days=day) for day in range(1, RUNS + 1))
        ids = [int(make.order(customer, service, starts_at=START + day).id) for day in days]
        return ids, auth(performer)


def test_fifty_accepts_again_and_again(committed: Flask, offers: Any) -> None:
    ids, headers = offers

    def accept(order_id: int) -> int:
        url = f"/api/v1/orders/{order_id}/accept"
        return committed.test_client().post(url, headers=headers).status_code

    with ThreadPoolExecutor(25) as pool:
        for order_id in ids:
            assert Counter(pool.map(accept, [order_id] * 50)) == {200: 1, 409: 49}
    with committed.app_context():
        assert event_names() == ["order.accepted"] * RUNS
        assert set(db.session.scalars(select(Order.version))) == {2}


@pytest.mark.parametrize("step", ["accept", "decline", "cancel"])
def test_an_order_that_somebody_holds(committed: Flask, offers: Any, step: str) -> None:
    (order_id, *_), headers = offers
    with committed.app_context():
        engine = db.engine
    url = f"/api/v1/orders/{order_id}/{step}"
    with engine.connect() as holder:
        holder.execute(select(Order.id).where(Order.id == order_id).with_for_update())
        began = time.monotonic()
        response = committed.test_client().post(url, headers=headers)
        took = time.monotonic() - began
        holder.rollback()
    assert response.json is not None
    assert (response.status_code, response.json["code"]) == (409, "resource_busy")
    assert took < LOCKED_SECONDS
    assert committed.test_client().post(url, headers=headers).status_code == 200


def test_one_who_waits_does_not_hold_up_others(committed: Flask, offers: Any) -> None:
    (held, free, *_), headers = offers
    with committed.app_context():
        engine = db.engine
    with engine.connect() as holder:
        holder.execute(select(Order.id).where(Order.id == held).with_for_update())
        response = committed.test_client().post(f"/api/v1/orders/{free}/accept", headers=headers)
        read = committed.test_client().get(f"/api/v1/orders/{held}", headers=headers)
        holder.rollback()
    assert (response.status_code, read.status_code) == (200, 200)
