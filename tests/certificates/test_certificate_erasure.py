"""Who leaves for good leaves no certificate and no file of one."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from marketplace.blueprints.privacy.services.anonymisation import ANONYMISE_JOB
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Certificate, User
from marketplace.testing import CheckedClient, Factory
from marketplace.web.runtime import Runtime
from tests.support.certificates import send, stored


def test_rows_and_files_go(
    app: Flask,
    client: CheckedClient,
    make: Factory,
    auth: Callable[[User], dict[str, str]],
    runtime: Runtime,
    clock: FrozenClock,
    run_jobs: Callable[[], int],
) -> None:
    for path in stored(app):
        path.unlink()
    user, other = make.user(), make.user()
    for one in (user, other):
        make.performer(one)
    made = send(client, auth(user)).json
    kept = send(client, auth(other)).json
    gone = client.delete("/api/v1/user/me", headers=auth(user) | {"If-Match": "*"})
    assert gone.status_code == 204
    assert client.get(made["file_url"]).status_code == 404, "hidden at once"
    assert len(stored(app)) == 2, "it may be taken back"
    clock.advance(timedelta(days=7))
    with runtime.uow:
        runtime.uow.enqueue(ANONYMISE_JOB, {})
    run_jobs()
    assert list(db.session.scalars(select(Certificate.id))) == [kept["id"]]
    assert db.session.scalar(select(func.count()).select_from(Certificate)) == 1
    [left] = stored(app)
    assert db.session.get_one(Certificate, kept["id"]).file_key.endswith(left.name)
