"""Certificates in a bucket: opened from here alone, and refused politely while the bucket is away."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text

from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.extensions import db
from marketplace.models import Certificate, User
from marketplace.outside import storage
from marketplace.outside.storage import make_store
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.certificates import OWN, PDF, send
from tests.support.s3 import BUCKET, KEY, REGION, SECRET, Bucket, running_bucket


@pytest.fixture
def bucket(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """The program keeps its certificates there."""
    monkeypatch.setattr(storage, "TIMEOUT", storage.CONNECT_TIMEOUT)
    with running_bucket() as found:
        settings = replace(
            runtime.settings,
            storage_url=f"s3://{BUCKET}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            aws_region=REGION,
            aws_endpoint_url=found.url,
        )
        store = make_store(settings)
        built = runtime.get(Certificates)
        for part in (built.intake, built.watch, runtime.outside.private_files):
            monkeypatch.setattr(part, "_files", store)
        yield found


@pytest.fixture
def headers(make: Factory, auth: Callable[[User], dict[str, str]]) -> dict[str, str]:
    user = make.user()
    make.performer(user)
    return auth(user)


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(Certificate)) or 0


def test_it_comes_from_here_and_ends_at_once(
    client: CheckedClient, headers: dict[str, str], bucket: Bucket, run_jobs: Callable[[], int]
) -> None:
    made = send(client, headers).json
    [(key, stored)] = bucket.objects.items()
    assert key.startswith("private/certificates/")
    assert stored == (PDF, "application/pdf")
    answer = client.get(made["file_url"])
    assert (answer.status_code, answer.data) == (200, PDF), (
        "no address of the bucket, which would outlive a decision"
    )
    assert client.delete(f"{OWN}/{made['id']}", headers=headers).status_code == 204
    assert client.get(made["file_url"]).status_code == 404
    run_jobs()
    assert bucket.objects == {}


def test_a_bucket_that_is_away(client: CheckedClient, headers: dict[str, str], bucket: Bucket) -> None:
    made = send(client, headers).json
    bucket.status = 503
    for answer in (send(client, headers), client.get(made["file_url"])):
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert rows() == 1


def test_a_bucket_that_hangs(
    client: CheckedClient, headers: dict[str, str], bucket: Bucket, request: pytest.FixtureRequest
) -> None:
    bucket.hang = Event()
    request.addfinalizer(bucket.hang.set)
    answer = send(client, headers)
    assert (answer.status_code, rows()) == (503, 0)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("WHERE performer_id = 7 ORDER BY id DESC LIMIT 21", "ix_certificate_performer_id"),
        ("WHERE status = 'pending' ORDER BY id LIMIT 21", "ix_certificate_queue"),
        ("WHERE status = 'pending' AND id > 500 ORDER BY id LIMIT 21", "ix_certificate_queue"),
        ("ORDER BY id LIMIT 21", "pk_certificate"),
        (
            (
                "WHERE status = 'approved' AND expired_at IS NULL AND expires_on <= '2026-06-01'"
                " ORDER BY expires_on, id LIMIT 200"
            ),
            "ix_certificate_expires_on",
        ),
        ("WHERE file_key = 'x'", "uq_certificate_file_key"),
    ],
)
def test_each_list_is_read_in_the_order_of_an_index(context: Connection, query: str, index: str) -> None:
    for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
        context.execute(text(f"SET LOCAL {setting} = off"))
    plan: Any = "\n".join(context.execute(text(f"EXPLAIN SELECT * FROM certificate {query}")).scalars())
    assert index in plan, plan
    assert "Sort" not in plan, plan
