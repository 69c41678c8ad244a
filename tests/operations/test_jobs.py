"""The outbox for staff: the list, another try for the dead, and its upkeep."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from marketplace.blueprints.operations import services
from marketplace.database.tables import IdempotencyKey, JobRow
from marketplace.extensions import db
from marketplace.models import AuditEntry
from marketplace.models.realtime import RealtimeMessage
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime

JOBS = "/api/v1/admin/jobs"


def add(status: str = "pending", **values: Any) -> int:
    row = JobRow(kind=values.pop("kind", "some.kind"), payload={"secret": "inside"}, status=status, **values)
    db.session.add(row)
    db.session.commit()
    return row.id


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_who_may(client: CheckedClient, make: Factory, auth: Any) -> None:
    job_id = add("dead")
    for headers, expected in (
        ({}, 401),
        (auth(make.user()), 403),
        (auth(make.staff("moderator")), 403),
    ):
        assert client.get(JOBS, headers=headers).status_code == expected
        assert client.post(f"{JOBS}/{job_id}/retry", headers=headers).status_code == expected
    assert db.session.scalars(select(JobRow.status)).one() == "dead"


def test_the_list(client: CheckedClient, make: Factory, auth: Any) -> None:
    headers = auth(make.staff("admin"))
    db.session.execute(text("DELETE FROM job"))
    ids = [add(status) for status in ("dead", "pending", "done", "running", "dead")]

    def listed(**query: Any) -> list[int]:
        response = client.get(JOBS, query_string=query, headers=headers)
        assert response.status_code == 200, response.get_json()
        return [item["id"] for item in response.get_json()["items"]]

    assert listed() == ids[::-1]
    assert listed(status="dead") == [ids[4], ids[0]]
    assert listed(status="running") == [ids[3]]
    for bad in ({"status": "lost"}, {"kind": "x"}, {"limit": 0}):
        assert client.get(JOBS, query_string=bad, headers=headers).status_code == 422
    page = client.get(JOBS, query_string={"limit": 2}, headers=headers).get_json()
    assert listed(limit=2, after=page["next"]) == [ids[2], ids[1]]
    other = client.get(JOBS, query_string={"after": page["next"], "status": "dead"}, headers=headers)
    assert (other.status_code, other.get_json()["code"]) == (400, "invalid_cursor")
    # What a job is about stays inside.
    assert "secret" not in client.get(JOBS, headers=headers).text


@pytest.mark.parametrize("rows", [1, 6, 100])
def test_what_the_list_costs(
    client: CheckedClient, make: Factory, auth: Any, assert_queries: Any, rows: int
) -> None:
    headers = auth(make.staff("admin"))
    db.session.execute(text("DELETE FROM job"))
    for _ in range(rows):
        add()
    with assert_queries(2):  # the caller, the page
        found = client.get(JOBS, query_string={"limit": 100}, headers=headers).get_json()
    assert len(found["items"]) == rows


def test_another_try(client: CheckedClient, make: Factory, auth: Any) -> None:
    staff = make.staff("admin")
    job_id = add("dead", attempts=10, last_error="ValueError: no", finished_at=text("now()"))
    response = client.post(f"{JOBS}/{job_id}/retry", headers=auth(staff))
    assert response.status_code == 200
    found = response.get_json()
    assert (found["status"], found["attempts"], found["finished_at"]) == ("pending", 0, None)
    assert found["last_error"] == "ValueError: no"
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject_type, entry.subject_id) == ("job.retried", "job", job_id)
    assert (entry.actor_id, entry.before, entry.after) == (
        staff.id,
        {"status": "dead"},
        {"status": "pending"},
    )


@pytest.mark.parametrize("status", ["pending", "running", "done"])
def test_only_the_dead(client: CheckedClient, make: Factory, auth: Any, status: str) -> None:
    headers = auth(make.staff("admin"))
    job_id = add(status)
    response = client.post(f"{JOBS}/{job_id}/retry", headers=headers)
    assert (response.status_code, response.get_json()["code"]) == (409, "job_not_dead")
    assert client.post(f"{JOBS}/{2**62}/retry", headers=headers).status_code == 404
    assert db.session.get_one(JobRow, job_id).status == status
    assert count(AuditEntry) == 0


def test_a_revived_job_runs(
    client: CheckedClient, make: Factory, auth: Any, run_jobs: Callable[[], int]
) -> None:
    headers = auth(make.staff("admin"))
    job_id = add("dead", kind="operations.prune", attempts=10)
    client.post(f"{JOBS}/{job_id}/retry", headers=headers)
    run_jobs()
    db.session.expire_all()
    assert db.session.get_one(JobRow, job_id).status == "done"


# --- upkeep -----------------------------------------------------------------------------------------

AGED = """
    INSERT INTO job (kind, payload, status, finished_at)
    SELECT 'k', '{}', status, now() - age FROM
        (VALUES ('done', interval '6 days 23 hours'), ('done', interval '8 days'), ('done', interval '9 days'),
                ('done', interval '10 days'), ('dead', interval '400 days')) AS made (status, age),
        generate_series(1, :times);
    INSERT INTO idempotency_key (scope, key_hash, request_hash, status, headers, body, created_at)
    SELECT 'user:1', sha256((age::text || n)::bytea), '', 200, '{}', '', now() - age FROM
        (VALUES (interval '23 hours'), (interval '25 hours')) AS made (age), generate_series(1, :times) AS n;
    INSERT INTO realtime_message (payload, created_at)
    SELECT '', now() - age FROM (VALUES (interval '59 minutes'), (interval '61 minutes')) AS made (age),
        generate_series(1, :times)"""


def prune(runtime: Runtime) -> None:
    runtime.registry.jobs["operations.prune"].run({})


def test_what_has_served_goes(runtime: Runtime) -> None:
    add("pending", created_at=text("now() - interval '400 days'"))
    db.session.execute(text(AGED), {"times": 1})
    db.session.commit()
    prune(runtime)
    left = db.session.execute(select(JobRow.status, func.count()).group_by(JobRow.status))
    assert sorted(map(tuple, left)) == [("dead", 1), ("done", 1), ("pending", 1)]
    assert (count(IdempotencyKey), count(RealtimeMessage)) == (1, 1)
    prune(runtime)
    assert (count(JobRow), count(IdempotencyKey), count(RealtimeMessage)) == (3, 1, 1)


def test_it_goes_in_batches(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PRUNE_BATCH", 4)
    db.session.execute(text(AGED), {"times": 5})
    db.session.commit()
    prune(runtime)
    assert (count(JobRow), count(IdempotencyKey), count(RealtimeMessage)) == (10, 5, 5)


def test_a_run_of_it_ends(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PRUNE_BATCH", 2)
    monkeypatch.setattr(services, "PRUNE_BATCHES", 3)
    db.session.execute(text(AGED), {"times": 10})
    db.session.commit()
    prune(runtime)
    assert (count(JobRow), count(IdempotencyKey), count(RealtimeMessage)) == (44, 14, 14)


def test_it_runs_by_itself(runtime: Runtime) -> None:
    job = runtime.registry.jobs["operations.prune"]
    assert job.every is not None
    assert job.every <= 3600
    # Each batch is a transaction of its own, so there must be none around them.
    assert job.effect
