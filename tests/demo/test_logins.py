"""The demo's log-ins: known names, tokens that work, first ids that can be booked, and nothing in production."""

import json
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from marketplace.blueprints.accounts.adapters import ArgonHasher
from marketplace.blueprints.demo.adapters import Answering, who_answers
from marketplace.blueprints.demo.cli import TRIES, commands
from marketplace.blueprints.demo.data.logins import LOGINS, PASSWORD
from marketplace.blueprints.demo.errors import DemoRefused
from marketplace.blueprints.demo.services import resetting
from marketplace.blueprints.demo.wiring import Demo, build
from marketplace.extensions import db
from marketplace.models import Performer, Service, User
from marketplace.testing import START
from tests.demo.test_seeding import seed  # noqa: F401 - a fixture

ROLES = [login.role for login in LOGINS]


@pytest.fixture
def demo(seed, runtime):  # noqa: F811 - the fixture
    seed(20)
    return build(runtime)


@pytest.fixture
def tokens(demo):
    return {one.login.role: {"Authorization": f"Bearer {one.access_token}"} for one in demo.logins.sign_in()}


def test_each_has_a_token_for_its_line(tokens, client):
    assert list(tokens) == ROLES
    for role, path in TRIES.items():
        assert client.get(f"/api/v1{path}", headers=tokens[role]).status_code == 200, role
    assert client.get("/api/v1/admin/users", headers=tokens["moderator"]).status_code == 200
    assert client.get("/api/v1/admin/audit", headers=tokens["moderator"]).status_code == 403
    assert client.get("/api/v1/admin/audit", headers=tokens["admin"]).status_code == 200
    for role in ("customer", "performer"):
        assert client.get("/api/v1/admin/users", headers=tokens[role]).status_code == 403


@pytest.mark.parametrize("hours", [0, 7, 13, 23])
def test_the_first_service_is_the_performers_and_can_be_booked_at_any_hour(tokens, client, hours):
    """The examples of the documents name it."""
    service = db.session.scalars(select(Service).order_by(Service.id).limit(1)).one()
    performer = db.session.get_one(Performer, service.performer_id)
    assert db.session.get_one(User, performer.user_id).username == "demo-performer"
    starts = START.replace(hour=hours) + timedelta(days=3)
    body = {
        "service_id": service.id,
        "starts_at": starts.isoformat(),
        "address": {"line1": "Leopoldstrasse 5"},
    }
    answer = client.post("/api/v1/orders", json=body, headers=tokens["customer"])
    assert answer.status_code == 201, answer.json
    accepted = client.post(f"/api/v1/orders/{answer.json['id']}/accept", headers=tokens["performer"])
    assert accepted.status_code == 200, accepted.json


def test_a_changed_password_is_no_log_in_of_the_demo(demo, client, tokens):
    body = {"current_password": PASSWORD, "new_password": "Something-Else-1"}
    changed = client.post("/api/v1/user/password/change", json=body, headers=tokens["customer"])
    assert changed.status_code == 204
    assert [login.role for login in demo.logins.list_present()] == ROLES[1:]


def test_nothing_in_production(demo, runtime):
    production = build(
        replace(runtime, settings=replace(runtime.settings, app_env="production"), services={})
    )
    assert production.logins.list_present() == []
    for refused in (production.logins.sign_in, production.resetting.count_users, production.resetting.reset):
        with pytest.raises(DemoRefused, match="production"):
            refused()
    assert db.session.scalar(text('SELECT count(*) FROM "user"'))


def test_in_production_their_password_opens_nothing(demo, runtime):
    """A server that runs would not look again at accounts that somebody adds beside it."""
    stored = db.session.scalars(select(User.password_hash).where(User.username == "demo-admin")).one()
    here = ArgonHasher(runtime.settings)
    there = ArgonHasher(replace(runtime.settings, app_env="production"))
    assert here.verify(stored, PASSWORD)
    assert not there.verify(stored, PASSWORD)
    own = there.hash(PASSWORD)
    assert there.verify(own, PASSWORD)
    costlier = ArgonHasher(replace(runtime.settings, argon2_time_cost=2))
    assert costlier.needs_rehash(own)
    assert not costlier.needs_rehash(stored), "a new hash would not show that everybody knows the password"


def test_seeding_leaves_a_database_with_many_other_users_alone(app, seed, make, monkeypatch):  # noqa: F811 - the fixture
    monkeypatch.setattr(resetting, "MAX_OTHERS", 1)
    seed(5)
    make.user()
    make.user()
    refused = run(app, "seed", "--force", "--performers", "5")
    assert refused.exit_code == 1
    assert "2 users here are not of the demo" in refused.output
    assert db.session.scalar(text("SELECT count(*) FROM performer")) == 5


def test_a_name_that_somebody_has_is_left_to_them(seed, runtime, make):  # noqa: F811 - the fixture
    theirs = make.user(username="Demo-Admin")
    addressed = make.user(email="demo-moderator@example.com", email_verified=True)
    seed(5, force=True)
    assert [login.role for login in build(runtime).logins.list_present()] == ["customer", "performer"]
    assert {theirs.username, addressed.username} <= set(db.session.scalars(select(User.username)))


def run(app, *arguments, **options):
    result = app.test_cli_runner().invoke(commands, list(arguments), **options)
    assert "Traceback" not in result.output
    return result


def test_the_commands(app, seed, client, monkeypatch):  # noqa: F811 - the fixture
    """Seeds once, tells the log-ins each time."""
    monkeypatch.setattr("marketplace.blueprints.demo.cli.who_answers", lambda *_: Answering.NOBODY)
    assert "make demo" in run(app, "logins").output
    assert json.loads(run(app, "logins", "--json").output) == []
    first = run(app, "seed", "--once", "--force", "--performers", "20")
    assert first.exit_code == 0, first.output
    assert "20 performer\n" in first.output
    assert "make run" in first.output
    again = run(app, "seed", "--once", "--force")
    assert again.exit_code == 0, again.output
    assert "performer\n" not in again.output
    assert db.session.scalar(text("SELECT count(*) FROM performer")) == 20
    for output in (first.output, again.output):
        (header,) = (line.split("'")[3] for line in output.splitlines() if "/orders'" in line)
        name, _, value = header.partition(": ")
        assert client.get("/api/v1/orders", headers={name: value}).status_code == 200
    told = json.loads(run(app, "logins", "--json").output)
    assert [one["role"] for one in told] == ROLES
    for one in told:
        body = {"login": one["email"], "password": one["password"]}
        assert client.post("/api/v1/user/login", json=body).status_code == 200


def test_nobody_answers():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert who_answers(f"http://127.0.0.1:{port}", "x") is Answering.NOBODY


def test_reset_asks_and_takes_all_but_categories_and_cities(app, demo, make, client, tokens):
    make.user(username="mine")
    refused = run(app, "reset", input="n\n")
    assert refused.exit_code == 1
    assert "32 users of the demo and 1 others" in refused.output
    assert db.session.scalar(text("SELECT count(*) FROM performer")) == 20
    cities = db.session.scalar(text("SELECT count(*) FROM city"))
    last_session = db.session.scalar(text("SELECT max(id) FROM user_session"))
    assert cities
    assert client.get("/api/v1/services").json["items"]
    assert run(app, "reset", "--yes").exit_code == 0
    kept = {"category", "city", "alembic_version", "reference_data"}
    tables = db.session.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
    ).all()
    for table in set(tables) - kept:
        assert db.session.scalar(text(f'SELECT count(*) FROM "{table}"')) == 0, table
    assert db.session.scalar(text("SELECT count(*) FROM city")) == cities
    assert client.get("/api/v1/services").json["items"] == [], "cached answers are forgotten"
    assert client.get("/api/v1/orders", headers=tokens["customer"]).status_code == 401
    assert run(app, "seed", "--performers", "5").exit_code == 0
    assert db.session.scalar(text("SELECT min(id) FROM service")) == 1
    run(app, "logins", "--json")
    assert db.session.scalar(text("SELECT min(id) FROM user_session")) > last_session
    assert (
        db.session.scalar(text("SELECT tgenabled FROM pg_trigger WHERE tgname = 'audit_log_append_only'"))
        == "O"
    )


def test_reset_refuses_a_database_without_a_demo(app, make):
    """It may be a young one of somebody's own, with DATABASE_URL set and APP_ENV forgotten."""
    kept = make.user()
    refused = run(app, "reset", "--yes")
    assert refused.exit_code == 1
    assert "There is no demo here" in refused.output
    assert db.session.get(User, kept.id)


def test_the_home_page_shows_them_while_they_are_there(client, seed):  # noqa: F811 - the fixture
    assert b"demo-customer" not in client.get("/").data
    seed(5)
    shown = client.get("/").text
    assert all(login.username in shown for login in LOGINS)
    assert PASSWORD in shown


def test_the_home_page_does_without_a_database(client, runtime, monkeypatch):
    def away():
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(runtime.get(Demo).logins, "list_present", away)
    answer = client.get("/")
    assert answer.status_code == 200
    assert "demo-customer" not in answer.text


def test_a_database_with_many_other_users_is_not_emptied(app, seed, make, monkeypatch):  # noqa: F811 - the fixture
    """Somebody may have set DATABASE_URL and forgotten APP_ENV."""
    seed(5)
    monkeypatch.setattr(resetting, "MAX_OTHERS", 1)
    make.user()
    make.user()
    refused = run(app, "reset", "--yes")
    assert refused.exit_code == 1
    assert "2 users here are not of the demo" in refused.output
    assert db.session.scalar(text("SELECT count(*) FROM performer")) == 5
