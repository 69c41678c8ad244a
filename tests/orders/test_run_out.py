"""A pending order whose time is up: whatever the job has not come to yet, nobody accepts it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Performer, User
from marketplace.testing import CheckedClient, Factory


@pytest.mark.parametrize("step", ["accept", "decline", "cancel"])
@pytest.mark.parametrize(
    ("starts_in", "later", "good"),
    [
        (timedelta(days=3), timedelta(hours=23, minutes=59), True),
        (timedelta(days=3), timedelta(hours=24), False),
        (timedelta(hours=2), timedelta(hours=1, minutes=59), True),
        (timedelta(hours=2), timedelta(hours=2), False),
    ],
)
def test_nobody_moves_it(
    client: CheckedClient,
    make: Factory,
    auth: Callable[[User], dict[str, str]],
    clock: FrozenClock,
    step: str,
    starts_in: timedelta,
    later: timedelta,
    good: bool,
) -> None:
    now = clock.now()
    order = make.order(starts_at=now + starts_in, created_at=now)
    performer = db.session.get_one(Performer, order.performer_id)
    clock.advance(later)
    headers = auth(db.session.get_one(User, performer.user_id))
    options = {} if step == "accept" else {"json": {"reason": "No time"}}
    answer = client.post(f"/api/v1/orders/{order.id}/{step}", headers=headers, **options)
    if good:
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json["code"]) == (409, "transition_not_allowed")
    assert (answer.json["order_status"], answer.json["allowed_transitions"]) == ("expired", [])
