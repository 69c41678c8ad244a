"""The audit log: who reads it, what is in it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.blueprints.moderation import public
from marketplace.extensions import db
from marketplace.kernel.identity import Principal
from marketplace.models import AuditEntry
from marketplace.testing import CheckedClient, Factory
from marketplace.web.observability.request_id import bind_request_id
from marketplace.web.runtime import Runtime

AUDIT = "/api/v1/admin/audit"
ACTOR = Principal(user_id=77, session_id=1, roles=frozenset({"admin"}))


def test_who_may_read(client: CheckedClient, make: Factory, auth: Any) -> None:
    assert client.get(AUDIT).status_code == 401
    assert client.get(AUDIT, headers=auth(make.user())).status_code == 403
    assert client.get(AUDIT, headers=auth(make.staff("moderator"))).status_code == 403
    assert client.get(AUDIT, headers=auth(make.staff("admin"))).get_json() == {
        "items": [],
        "next": None,
        "previous": None,
    }


def test_filters_and_pages(client: CheckedClient, make: Factory, auth: Any, runtime: Runtime) -> None:
    log = public.audit(runtime)
    other = Principal(user_id=78, session_id=2)
    log.write("thing.made", "thing", 1, actor=ACTOR, after={"colour": "red"}, reason="why not")
    log.write("thing.made", "thing", 2, actor=other)
    log.write("lamp.lit", "lamp", 1, actor=ACTOR, before=None, after=[1, "two", None])
    log.write("night.fell", "world", None, actor=None)
    headers = auth(make.staff("admin"))

    def actions(**query: Any) -> list[tuple[str, int | None]]:
        response = client.get(AUDIT, query_string=query, headers=headers)
        assert response.status_code == 200, response.get_json()
        return [(item["action"], item["subject_id"]) for item in response.get_json()["items"]]

    everything = [("night.fell", None), ("lamp.lit", 1), ("thing.made", 2), ("thing.made", 1)]
    assert actions() == everything
    assert actions(actor_id=77) == [("lamp.lit", 1), ("thing.made", 1)]
    assert actions(action="thing.made") == everything[2:]
    assert actions(subject_type="thing", subject_id=1) == everything[3:]
    assert actions(subject_id=1) == [("lamp.lit", 1), ("thing.made", 1)]
    assert actions(actor_id=77, action="night.fell") == []
    for bad in ({"actor_id": 0}, {"actor_id": "x"}, {"action": "x" * 65}, {"q": "x"}, {"subject_id": 2**63}):
        assert client.get(AUDIT, query_string=bad, headers=headers).status_code == 422
    page = client.get(AUDIT, query_string={"limit": 3}, headers=headers).get_json()
    rest = client.get(AUDIT, query_string={"limit": 3, "after": page["next"]}, headers=headers).get_json()
    assert [(i["action"], i["subject_id"]) for i in page["items"] + rest["items"]] == everything
    assert rest["items"][0]["after"] == {"colour": "red"}
    assert rest["items"][0]["reason"] == "why not"
    bent = {"actor_id": 77, "after": page["next"]}
    assert client.get(AUDIT, query_string=bent, headers=headers).status_code == 400


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_what_the_list_costs(
    client: CheckedClient, make: Factory, auth: Any, runtime: Runtime, assert_queries: Any, rows: int
) -> None:
    entries = [(number, None, {"n": number}) for number in range(1, rows + 1)]
    with assert_queries(1):
        public.audit(runtime).write_many("thing.made", "thing", entries, actor=ACTOR)
    headers = auth(make.staff("admin"))
    with assert_queries(2):  # the caller, the page
        found = client.get(AUDIT, query_string={"limit": 100}, headers=headers).get_json()
    assert [item["subject_id"] for item in found["items"]] == list(range(rows, 0, -1))


def test_where_an_entry_comes_from(app: Flask, runtime: Runtime) -> None:
    log = public.audit(runtime)
    log.write("a", "s", 1, actor=None)
    with bind_request_id("of-a-job"):
        log.write("b", "s", 1, actor=None)
    with app.test_request_context(environ_base={"REMOTE_ADDR": "10.1.2.3"}), bind_request_id("of-a-request"):
        log.write("c", "s", 1, actor=ACTOR)
    found = db.session.execute(
        select(AuditEntry.request_id, AuditEntry.ip, AuditEntry.actor_id).order_by(AuditEntry.id)
    )
    assert [tuple(row) for row in found] == [
        (None, None, None),
        ("of-a-job", None, None),
        ("of-a-request", "10.1.2.3", 77),
    ]


def test_nothing_to_write(runtime: Runtime) -> None:
    public.audit(runtime).write_many("a", "s", [], actor=ACTOR)
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_an_entry_goes_with_what_it_tells_of(runtime: Runtime) -> None:
    def fail_after_writing() -> None:
        with runtime.uow:
            public.audit(runtime).write("a", "s", 1, actor=ACTOR)
            raise LookupError

    with pytest.raises(LookupError):
        fail_after_writing()
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0
