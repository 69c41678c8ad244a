"""What staff decide on certificates and on who is verified, and who may open the files."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.blueprints.certificates.handlers import EXPIRE_JOB
from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.database.tables import DomainEventRow
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import AuditEntry, Certificate, Performer, User
from marketplace.testing import START, CheckedClient, Factory
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime
from tests.support.certificates import OWN, PDF, STAFF, picture, send
from tests.support.threads import at_once

Auth = Callable[[User], dict[str, str]]
REASON = {"reason": "Not readable"}


@pytest.fixture
def performer(make: Factory) -> Performer:
    return make.performer()


@pytest.fixture
def headers(performer: Performer, auth: Auth) -> dict[str, str]:
    return auth(db.session.get_one(User, performer.user_id))


@pytest.fixture
def moderator(make: Factory) -> User:
    return make.staff()


@pytest.fixture
def staff(moderator: User, auth: Auth) -> dict[str, str]:
    return auth(moderator)


def events(like: str) -> list[tuple[str, dict[str, Any]]]:
    found = select(DomainEventRow).where(DomainEventRow.name.like(like)).order_by(DomainEventRow.id)
    return [(row.name, row.payload) for row in db.session.scalars(found)]


def audited(like: str) -> list[tuple[Any, ...]]:
    found = select(AuditEntry).where(AuditEntry.action.like(like)).order_by(AuditEntry.id)
    return [
        (row.action, row.subject_id, row.actor_id, row.before, row.after, row.reason)
        for row in db.session.scalars(found)
    ]


def profile(client: CheckedClient, performer: Performer) -> Any:
    return client.get(f"/api/v1/performers/{performer.id}").json


def listed(client: CheckedClient) -> list[int]:
    """Who is in the public list of the verified."""
    return [item["id"] for item in client.get("/api/v1/performers?verified=true").json["items"]]


def verified(performer: Performer) -> bool:
    db.session.expire_all()
    return db.session.get_one(Performer, performer.id).verified


# --- decisions ------------------------------------------------------------------------------------------


def test_the_queue_is_oldest_first(
    client: CheckedClient, make: Factory, performer: Performer, staff: dict[str, str], assert_queries: Any
) -> None:
    first, second = make.certificate(performer), make.certificate()
    done = make.certificate(performer, status="approved")

    def ids(query: str) -> list[int]:
        return [item["id"] for item in client.get(f"{STAFF}{query}", headers=staff).json["items"]]

    assert ids("") == [first.id, second.id, done.id]
    assert ids("?status=pending") == [first.id, second.id]
    assert ids(f"?performer_id={performer.id}") == [first.id, done.id]
    assert ids(f"?performer_id={performer.id}&status=rejected") == []
    page = client.get(f"{STAFF}?limit=2", headers=staff).json
    assert ids(f"?limit=2&after={page['next']}") == [done.id]
    assert (
        client.get(f"{STAFF}?limit=2&status=pending&after={page['next']}", headers=staff).status_code == 400
    )
    for count in (3, 6):
        for _ in range(count):
            make.certificate()
        db.session.remove()
        with assert_queries(2):
            client.get(f"{STAFF}?limit=100", headers=staff)


def test_approved(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    moderator: User,
    staff: dict[str, str],
    clock: FrozenClock,
) -> None:
    made = send(client, headers).json
    assert profile(client, performer)["certificates"] == []
    answer = client.post(f"{STAFF}/{made['id']}/approve", headers=staff)
    assert answer.status_code == 200
    found = answer.json
    assert (found["status"], found["valid"], found["decided_by"]) == ("approved", True, moderator.id)
    assert (found["decided_at"], found["performer_id"]) == ("2026-05-04T09:00:00Z", performer.id)
    [shown] = profile(client, performer)["certificates"]
    url = shown.pop("file_url")
    assert shown == {
        "id": made["id"],
        "title": "Master craftsman",
        "issued_on": "2020-03-01",
        "expires_on": "2027-03-01",
    }
    assert client.get(url).data == PDF
    [own] = client.get(OWN, headers=headers).json["items"]
    assert (own["status"], own["valid"]) == ("approved", True)
    ids = {"certificate_id": made["id"], "performer_id": performer.id, "user_id": performer.user_id}
    assert events("certificate.approved") == [("certificate.approved", ids)]
    pending, approved = {"status": "pending"}, {"status": "approved"}
    assert audited("certificate.%") == [
        ("certificate.approved", made["id"], moderator.id, pending, approved, None)
    ]


def test_rejected(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    moderator: User,
    staff: dict[str, str],
) -> None:
    made = send(client, headers).json
    assert client.post(f"{STAFF}/{made['id']}/reject", json={}, headers=staff).status_code == 422
    answer = client.post(f"{STAFF}/{made['id']}/reject", json=REASON, headers=staff)
    assert (answer.status_code, answer.json["status"]) == (200, "rejected")
    assert client.get(f"{OWN}/{made['id']}", headers=headers).json["reason"] == "Not readable"
    assert profile(client, performer)["certificates"] == []
    assert [name for name, _ in events("certificate.rejected")] == ["certificate.rejected"]
    assert audited("certificate.rejected")[0][5] == "Not readable"


@pytest.mark.parametrize(
    ("status", "step", "code"),
    [
        ("approved", "approve", "certificate_decided"),
        ("approved", "reject", "certificate_decided"),
        ("rejected", "approve", "certificate_decided"),
        ("rejected", "reject", "certificate_decided"),
        ("rejected", "revoke", "certificate_decided"),
        ("pending", "revoke", "certificate_decided"),
    ],
)
def test_steps_that_are_not_there(
    client: CheckedClient, make: Factory, staff: dict[str, str], status: str, step: str, code: str
) -> None:
    row = make.certificate(status=status)
    body = None if step == "approve" else REASON
    answer = client.post(f"{STAFF}/{row.id}/{step}", json=body, headers=staff)
    assert (answer.status_code, answer.json["code"]) == (409, code)
    assert db.session.get_one(Certificate, row.id).status == status
    assert (events("certificate.%"), audited("certificate.%")) == ([], [])


def test_what_is_over_is_not_approved(client: CheckedClient, make: Factory, staff: dict[str, str]) -> None:
    row = make.certificate(expires_on=date(2026, 5, 3))
    answer = client.post(f"{STAFF}/{row.id}/approve", headers=staff)
    assert (answer.status_code, answer.json["code"]) == (409, "certificate_expired")
    assert client.post(f"{STAFF}/{row.id}/reject", json=REASON, headers=staff).status_code == 200
    last_day = make.certificate(expires_on=date(2026, 5, 4))
    assert client.post(f"{STAFF}/{last_day.id}/approve", headers=staff).status_code == 200


def test_moderators_at_once(committed: Flask, auth: Auth) -> None:
    with committed.app_context():
        make = Factory()
        staff = [auth(make.staff()) for _ in range(8)]
        ids = [make.certificate().id for _ in range(3)]
    for number, certificate_id in enumerate(ids, 1):

        def decide(n: int, certificate_id: int = certificate_id) -> tuple[int, str]:
            step = "approve" if n % 2 else "reject"
            answer = committed.test_client().post(
                f"{STAFF}/{certificate_id}/{step}", json=None if n % 2 else REASON, headers=staff[n]
            )
            return answer.status_code, answer.get_json().get("code", step)

        answers = Counter(at_once(8, decide))
        assert answers.pop((409, "certificate_decided")) == 7, answers
        ((status, winner),) = answers
        assert status == 200
        with committed.app_context():
            row = db.session.get_one(Certificate, certificate_id)
            assert row.status == {"approve": "approved", "reject": "rejected"}[winner]
            assert len(events("certificate.%")) == len(audited("certificate.%")) == number


def test_deleted_while_it_is_approved(committed: Flask, auth: Auth) -> None:
    """Whoever is first, nothing is left, and nobody stays verified by it."""
    for _ in range(5):
        with committed.app_context():
            make = Factory()
            user = make.user()
            performer = make.performer(user)
            certificate_id = make.certificate(performer).id
            owner, staff = auth(user), auth(make.staff())

        def run(n: int, certificate_id: int = certificate_id, owner: Any = owner, staff: Any = staff) -> int:
            client = committed.test_client()
            if n:
                return client.post(f"{STAFF}/{certificate_id}/approve", headers=staff).status_code
            return client.delete(f"{OWN}/{certificate_id}", headers=owner).status_code

        deleted, approved = at_once(2, run)
        assert deleted == 204
        assert approved in {200, 404}
        with committed.app_context():
            assert db.session.get(Certificate, certificate_id) is None


# --- verified -------------------------------------------------------------------------------------------


def verify(client: CheckedClient, performer: Performer, staff: dict[str, str]) -> Any:
    return client.post(f"/api/v1/admin/performers/{performer.id}/verify", headers=staff)


def test_verified_wants_a_valid_certificate(
    client: CheckedClient,
    make: Factory,
    performer: Performer,
    moderator: User,
    staff: dict[str, str],
) -> None:
    for values in (
        {"status": "pending"},
        {"status": "rejected"},
        {"status": "approved", "expires_on": date(2026, 5, 3)},
    ):
        make.certificate(performer, **values)
        make.certificate(status="approved")
        answer = verify(client, performer, staff)
        assert (answer.status_code, answer.json["code"]) == (409, "certificate_needed")
    assert profile(client, performer)["verified"] is False
    make.certificate(performer, status="approved", expires_on=date(2026, 5, 4))
    answer = verify(client, performer, staff)
    assert (answer.status_code, answer.json["verified"]) == (200, True)
    assert profile(client, performer)["verified"] is True, "the page is made anew at once"
    assert [name for name, _ in events("performer.%")] == ["performer.verified"]
    assert audited("performer.%") == [
        ("performer.verified", performer.id, moderator.id, {"verified": False}, {"verified": True}, None)
    ]
    again = verify(client, performer, staff)
    assert (again.status_code, again.json["code"]) == (409, "transition_not_allowed")


def test_of_ten_who_verify_one_does(committed: Flask, auth: Auth) -> None:
    with committed.app_context():
        make = Factory()
        performer_id = make.certificate(status="approved").performer_id
        staff = [auth(make.staff()) for _ in range(10)]

    def run(n: int) -> int:
        path = f"/api/v1/admin/performers/{performer_id}/verify"
        return committed.test_client().post(path, headers=staff[n]).status_code

    assert Counter(at_once(10, run)) == {200: 1, 409: 9}
    with committed.app_context():
        assert len(events("performer.verified")) == 1


def test_it_falls_when_the_last_one_is_deleted(
    client: CheckedClient, make: Factory, performer: Performer, headers: dict[str, str], staff: dict[str, str]
) -> None:
    one, two = (make.certificate(performer, status="approved") for _ in range(2))
    make.certificate(performer)
    assert listed(client) == []
    verify(client, performer, staff)
    assert client.delete(f"{OWN}/{one.id}", headers=headers).status_code == 204
    assert verified(performer)
    assert listed(client) == [performer.id]
    assert client.delete(f"{OWN}/{two.id}", headers=headers).status_code == 204
    assert not verified(performer)
    assert profile(client, performer)["verified"] is False
    assert listed(client) == []
    ids = {"performer_id": performer.id, "user_id": performer.user_id}
    assert events("performer.unverified") == [("performer.unverified", {**ids, "cause": "removed"})]
    assert audited("performer.unverified") == [
        ("performer.unverified", performer.id, performer.user_id, {"verified": True}, {"verified": False}, "removed")
    ]  # fmt: skip


def test_it_falls_when_the_last_one_is_revoked(
    client: CheckedClient, make: Factory, performer: Performer, staff: dict[str, str], moderator: User
) -> None:
    row = make.certificate(performer, status="approved")
    verify(client, performer, staff)
    answer = client.post(f"{STAFF}/{row.id}/revoke", json=REASON, headers=staff)
    assert (answer.status_code, answer.json["status"], answer.json["valid"]) == (200, "rejected", False)
    assert not verified(performer)
    found = profile(client, performer)
    assert (found["verified"], found["certificates"]) == (False, [])
    assert [name for name, _ in events("certificate.%")] == ["certificate.revoked"]
    assert [(entry[2], entry[5]) for entry in audited("performer.unverified")] == [(moderator.id, "revoked")]


def test_a_revocation_and_a_verification_at_once(committed: Flask, auth: Auth) -> None:
    """Nobody stays verified without a certificate, whoever is first."""
    for _ in range(5):
        with committed.app_context():
            make = Factory()
            row = make.certificate(status="approved")
            certificate_id, performer_id = row.id, row.performer_id
            staff = [auth(make.staff()) for _ in range(2)]
        paths = [f"{STAFF}/{certificate_id}/revoke", f"/api/v1/admin/performers/{performer_id}/verify"]

        def run(n: int, paths: Any = paths, staff: Any = staff) -> int:
            body = None if n else REASON
            return committed.test_client().post(paths[n], json=body, headers=staff[n]).status_code

        revoked, done = at_once(2, run)
        assert revoked == 200
        assert done in {200, 409}
        with committed.app_context():
            assert db.session.get_one(Performer, performer_id).verified is False


# --- the last day ---------------------------------------------------------------------------------------


@pytest.fixture
def tick(runtime: Runtime, run_jobs: Callable[[], int]) -> Callable[[], None]:
    """What the worker does each minute, and what follows from it."""

    def run() -> None:
        with runtime.uow:
            runtime.uow.enqueue(EXPIRE_JOB, {})
        run_jobs()
        db.session.expire_all()

    return run


@pytest.mark.parametrize(
    ("timezone", "hour"),
    [("Pacific/Kiritimati", -14), ("Europe/Berlin", -2), ("UTC", 0), ("Pacific/Pago_Pago", 11)],
)
def test_it_is_good_through_its_last_day(
    client: CheckedClient,
    make: Factory,
    staff: dict[str, str],
    clock: FrozenClock,
    tick: Callable[[], None],
    timezone: str,
    hour: int,
) -> None:
    performer = make.performer(timezone=timezone)
    row = make.certificate(performer, status="approved", expires_on=date(2026, 6, 30))
    verify(client, performer, staff)
    end = datetime(2026, 7, 1, tzinfo=UTC) + timedelta(hours=hour)
    clock.set(end - timedelta(seconds=1))
    topics.clear()
    tick()
    assert verified(performer)
    [shown] = profile(client, performer)["certificates"]
    assert shown["id"] == row.id
    clock.set(end)
    tick()
    assert not verified(performer)
    found = profile(client, performer)
    assert (found["verified"], found["certificates"]) == (False, [])
    ids = {"performer_id": performer.id, "user_id": performer.user_id}
    assert events("certificate.expired") == [("certificate.expired", {**ids, "certificate_id": row.id})]
    assert events("performer.unverified") == [("performer.unverified", {**ids, "cause": "expired"})]
    assert [entry[2:] for entry in audited("performer.unverified")] == [
        (None, {"verified": True}, {"verified": False}, "expired")
    ]
    tick()
    assert len(events("%expired")) == len(events("performer.unverified")) == 1, "once"


def test_another_valid_one_holds_it(
    client: CheckedClient,
    make: Factory,
    performer: Performer,
    staff: dict[str, str],
    clock: FrozenClock,
    tick: Callable[[], None],
) -> None:
    make.certificate(performer, status="approved", expires_on=date(2026, 6, 30))
    make.certificate(performer, status="approved")
    verify(client, performer, staff)
    clock.advance(timedelta(days=100))
    tick()
    assert verified(performer)
    assert len(events("certificate.expired")) == 1


def test_nothing_happens_when_the_state_moved_on(
    client: CheckedClient,
    make: Factory,
    performer: Performer,
    staff: dict[str, str],
    clock: FrozenClock,
    tick: Callable[[], None],
) -> None:
    for status in ("pending", "rejected"):
        make.certificate(performer, status=status, expires_on=date(2026, 6, 30))
    make.certificate(performer, status="approved")
    revoked = make.certificate(performer, status="approved", expires_on=date(2026, 6, 30))
    verify(client, performer, staff)
    client.post(f"{STAFF}/{revoked.id}/revoke", json=REASON, headers=staff)
    clock.advance(timedelta(days=100))
    tick()
    assert verified(performer)
    assert events("certificate.expired") == []


def test_many_on_one_day(
    make: Factory, clock: FrozenClock, tick: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches go on where the one before ended, past those whose day is not over yet."""
    monkeypatch.setattr("marketplace.blueprints.certificates.services.watch.BATCH", 2)
    late, early = make.performer(timezone="Pacific/Pago_Pago"), make.performer(timezone="Asia/Tokyo")
    for performer in (late, late, late, early, early, early):
        make.certificate(performer, status="approved", expires_on=date(2026, 6, 30))
    clock.set(datetime(2026, 6, 30, 20, tzinfo=UTC))
    tick()
    assert [payload["performer_id"] for _, payload in events("certificate.expired")] == [early.id] * 3
    clock.set(datetime(2026, 7, 1, 11, tzinfo=UTC))
    tick()
    assert len(events("certificate.expired")) == 6


def test_workers_and_staff_at_once(committed: Flask, auth: Auth, clock: FrozenClock) -> None:
    """A certificate ends once, by the clock or by staff; `verified` falls once."""
    watch = committed.extensions["marketplace"].get(Certificates).watch
    for number in range(1, 6):
        with committed.app_context():
            make = Factory()
            clock.set(START)
            row = make.certificate(make.performer(verified=True), status="approved", expires_on=START.date())
            certificate_id, performer_id = row.id, row.performer_id
            clock.advance(timedelta(days=2))
            staff = auth(make.staff())

        def run(n: int, certificate_id: int = certificate_id, staff: Any = staff) -> int:
            if n:
                with committed.app_context():
                    watch.expire()
                return 200
            path = f"{STAFF}/{certificate_id}/revoke"
            return committed.test_client().post(path, json=REASON, headers=staff).status_code

        assert at_once(4, run) == [200] * 4
        with committed.app_context():
            assert db.session.get_one(Performer, performer_id).verified is False
            assert len(events("performer.unverified")) == len(audited("performer.unverified")) == number
            ends = [p for _, p in events("certificate.expired") if p["certificate_id"] == certificate_id]
            assert len(ends) <= 1


def test_a_link_of_an_owner_ends_with_a_block(
    client: CheckedClient, performer: Performer, headers: dict[str, str]
) -> None:
    made = send(client, headers).json
    assert client.get(made["file_url"]).status_code == 200
    db.session.get_one(User, performer.user_id).is_active = False
    db.session.commit()
    assert client.get(made["file_url"]).status_code == 404


# --- who may open the file ------------------------------------------------------------------------------


def test_a_decision_ends_earlier_links(
    client: CheckedClient, performer: Performer, headers: dict[str, str], staff: dict[str, str]
) -> None:
    made = send(client, headers).json
    [waiting] = client.get(STAFF, headers=staff).json["items"]
    assert client.get(made["file_url"]).data == client.get(waiting["file_url"]).data == PDF
    approved = client.post(f"{STAFF}/{made['id']}/approve", headers=staff).json["file_url"]
    public = profile(client, performer)["certificates"][0]["file_url"]
    assert client.get(made["file_url"]).status_code == client.get(waiting["file_url"]).status_code == 404
    assert client.get(approved).data == client.get(public).data == PDF
    client.post(f"{STAFF}/{made['id']}/revoke", json=REASON, headers=staff)
    assert client.get(approved).status_code == client.get(public).status_code == 404
    own = client.get(f"{OWN}/{made['id']}", headers=headers).json["file_url"]
    [seen] = client.get(STAFF, headers=staff).json["items"]
    assert client.get(own).data == client.get(seen["file_url"]).data == PDF, "owner and staff always"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "suspended"},
        {"status": "rejected"},
        {"active": False},
        {"is_active": False},
        {"deleted_at": "now"},
    ],
)
def test_a_public_link_ends_with_the_public_profile(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    staff: dict[str, str],
    clock: FrozenClock,
    values: dict[str, Any],
) -> None:
    made = send(client, headers).json
    own = client.post(f"{STAFF}/{made['id']}/approve", headers=staff).json["file_url"]
    public = profile(client, performer)["certificates"][0]["file_url"]
    of_user = {"is_active", "deleted_at"} & set(values)
    row = (
        db.session.get_one(User, performer.user_id)
        if of_user
        else db.session.get_one(Performer, performer.id)
    )
    for key, value in values.items():
        setattr(row, key, clock.now() if value == "now" else value)
    db.session.commit()
    assert client.get(public).status_code == 404
    assert client.get(own).status_code == 200, "made for staff"


def test_a_public_link_ends_with_the_last_day(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    staff: dict[str, str],
    clock: FrozenClock,
) -> None:
    made = send(client, headers, expires_on="2026-05-04").json
    client.post(f"{STAFF}/{made['id']}/approve", headers=staff)
    clock.advance(timedelta(hours=12, minutes=55))
    public = profile(client, performer)["certificates"][0]["file_url"]
    assert client.get(public).status_code == 200
    clock.advance(timedelta(minutes=5))
    assert client.get(public).status_code == 404


def test_links_outlive_the_cached_page(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    staff: dict[str, str],
    clock: FrozenClock,
) -> None:
    made = send(client, headers).json
    client.post(f"{STAFF}/{made['id']}/approve", headers=staff)
    clock.advance(timedelta(minutes=9))
    page = client.get(f"/api/v1/performers/{performer.id}")
    topics.clear()
    clock.advance(timedelta(seconds=59))
    assert (
        client.get(
            f"/api/v1/performers/{performer.id}", headers={"If-None-Match": page.headers["ETag"]}
        ).status_code
        == 304
    ), "the same bytes within a window"
    clock.advance(timedelta(minutes=8))
    assert client.get(page.json["certificates"][0]["file_url"]).status_code == 200


def test_nobody_opens_it_otherwise(
    client: CheckedClient, performer: Performer, headers: dict[str, str], staff: dict[str, str]
) -> None:
    made = send(client, headers, picture()).json
    client.post(f"{STAFF}/{made['id']}/approve", headers=staff)
    key = db.session.get_one(Certificate, made["id"]).file_key
    for path in (f"/media/{key}", f"/media/{key.removeprefix('private/')}", f"/files?token={key}"):
        assert client.get(path, headers=staff).status_code == 404


def test_staff_are_told_of_nothing_twice(
    client: CheckedClient,
    performer: Performer,
    headers: dict[str, str],
    staff: dict[str, str],
    run_jobs: Callable[[], int],
) -> None:
    made = send(client, headers).json
    client.post(f"{STAFF}/{made['id']}/approve", headers=staff)
    client.post(f"{STAFF}/{made['id']}/revoke", json=REASON, headers=staff)
    run_jobs()
    told = client.get("/api/v1/notifications", headers=headers).json["items"]
    assert [item["topic"] for item in told] == ["certificate.revoked", "certificate.approved"]
    assert told[0]["data"]["reason"] == "Not readable"
    assert db.session.scalar(select(func.count()).select_from(Certificate)) == 1
