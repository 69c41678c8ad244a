"""Numbers for staff: what happened day by day, and what waits how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketplace.blueprints.moderation.services.statistics import Statistics
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.errors import Invalid
from marketplace.kernel.statistics import Counter, Queue, QueueState
from marketplace.models import AuditEntry, ChangeRequest, OrderTransition, Report
from marketplace.testing import START, CheckedClient, Factory

URL = "/api/v1/admin/stats"
DAY = timedelta(days=1)


def named(answer: Any, part: str) -> dict[str, Any]:
    return {one["name"]: one for one in answer[part]}


def test_what_happened(client: CheckedClient, make: Factory, auth: Any) -> None:
    staff = make.staff(date_joined=START - 200 * DAY)
    # The last moment of a day, and the first of the next.
    midnight = datetime(2026, 5, 3, tzinfo=UTC)
    user = make.user(date_joined=midnight - timedelta(microseconds=1))
    other = make.user(date_joined=midnight)
    performer = make.performer(other, created_at=midnight)
    order = make.order(user, make.service(performer), status="completed", completed_at=START)
    order.created_at = START
    make.review(order, published_at=midnight)
    for status, at in (("pending", START), ("completed", START), ("cancelled", midnight)):
        db.session.add(
            OrderTransition(
                order_id=order.id, transition="x", to_status=status, actor_role="system", created_at=at
            )
        )
    for action, at in (("performer.approved", START), ("change.approved", START), ("user.blocked", START)):
        db.session.add(AuditEntry(action=action, subject_type="x", created_at=at))
    db.session.add(
        Report(
            reporter_id=user.id,
            content_type="user",
            content_id=other.id,
            owner_id=other.id,
            reason="Rude",
            created_at=midnight,
        )
    )
    db.session.commit()
    query = {"from": "2026-05-02", "to": "2026-05-04"}
    answer = client.get(URL, query_string=query, headers=auth(staff)).get_json()
    assert (answer["from"], answer["to"]) == ("2026-05-02", "2026-05-04")
    assert {name: one["days"] for name, one in named(answer, "counters").items()} == {
        "sign_ups": [1, 1, 0],
        "new_performers": [0, 1, 0],
        "approved_performers": [0, 0, 1],
        "approved_changes": [0, 0, 1],
        "reports": [0, 1, 0],
        "orders_created": [0, 0, 1],
        "disputes_opened": [0, 0, 0],
        "orders_completed": [0, 0, 1],
        "orders_cancelled": [0, 1, 0],
        "published_reviews": [0, 1, 0],
    }
    assert all(one["total"] == sum(one["days"]) for one in answer["counters"])


def test_what_waits(client: CheckedClient, make: Factory, auth: Any) -> None:
    staff, user = auth(make.staff()), make.user()
    empty = named(client.get(URL, headers=staff).get_json(), "queues")
    assert set(empty) == {"performers", "changes", "certificates", "reports", "disputes"}
    assert all((one["count"], one["oldest_seconds"]) == (0, None) for one in empty.values())
    performer = make.performer(status="pending", created_at=START - DAY)
    make.performer(status="pending", created_at=START + DAY)
    make.certificate(performer, status="pending", created_at=START - timedelta(minutes=5))
    for status, at in (("pending", START - DAY), ("pending", START), ("approved", START - 9 * DAY)):
        db.session.add(
            ChangeRequest(
                subject_type="user",
                subject_id=user.id,
                requested_by=user.id,
                field_name=f"{status} {at}",
                old_value=1,
                new_value=2,
                status=status,
                created_at=at,
            )
        )
    db.session.commit()
    found = named(client.get(URL, headers=staff).get_json(), "queues")
    assert {name: (one["count"], one["oldest_seconds"]) for name, one in found.items()} == {
        "performers": (2, 86_400),
        "changes": (2, 86_400),
        "certificates": (1, 300),
        "reports": (0, None),
        "disputes": (0, None),
    }


def test_the_days(client: CheckedClient, make: Factory, auth: Any, clock: FrozenClock) -> None:
    staff = auth(make.staff())

    def asked(**query: str) -> Any:
        return client.get(URL, query_string=query, headers=staff)

    answer = asked().get_json()
    assert (answer["from"], answer["to"]) == ("2026-04-05", "2026-05-04")
    assert {len(one["days"]) for one in answer["counters"]} == {30}
    assert asked(to="2026-03-30").get_json()["from"] == "2026-03-01"
    answer = asked(**{"from": "2026-02-02"}).get_json()
    assert {len(one["days"]) for one in answer["counters"]} == {92}
    for bad in (
        {"from": "2026-02-01"},
        {"from": "2026-05-05"},
        {"from": "2026-05-02", "to": "2026-05-01"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "9999-12-31", "to": "9999-12-31"},
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"days": "3"},
    ):
        assert asked(**bad).status_code == 422, bad
    for edge in ({"from": "0001-01-01", "to": "0001-01-01"}, {"to": "0001-01-01"}):
        assert asked(**edge).status_code in {200, 422}


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_what_it_costs(
    client: CheckedClient, make: Factory, auth: Any, assert_queries: Any, rows: int
) -> None:
    staff = auth(make.staff())
    for _ in range(rows):
        make.performer(status="pending")
    with assert_queries(16):  # the caller, ten counters, five queues
        assert client.get(URL, headers=staff).status_code == 200


def test_domains_give_theirs() -> None:
    counter = Counter("cats", lambda start, _end: {start.date(): 3})
    queue = Queue("dogs", lambda: QueueState(2, START + DAY))
    statistics = Statistics(FrozenClock(START), [counter], [queue])
    report = statistics.report(START.date() - DAY, None)
    assert [(one.name, one.total, one.days) for one in report.counters] == [("cats", 3, [3, 0])]
    assert [(one.name, one.count, one.oldest_seconds) for one in report.queues] == [("dogs", 2, 0)]
    with pytest.raises(Invalid):
        statistics.report(START.date() + DAY, None)
