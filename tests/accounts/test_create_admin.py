"""`flask accounts ...`: the first admin, a lost second factor, and one line for what is refused."""

import pytest
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.models import AuditEntry, DomainEventRow, SecondFactor, User, UserSession

GOOD = {"username": "root", "email": "Root@Example.org", "password": "Correct-Horse-7"}


@pytest.fixture
def run(app, context):
    """`run(username="x")`: the command with good values otherwise."""

    def run(**changes: str):
        options = [f"--{name}={value}" for name, value in (GOOD | changes).items()]
        return FlaskCliRunner(app).invoke(args=["accounts", "create-admin", *options])

    return run


def test_an_admin_is_made_and_may_sign_in(run, client):
    result = run()
    user = db.session.scalars(select(User)).one()
    assert result.exit_code == 0
    assert result.output == f"Created admin root (id {user.id}).\n"
    assert (user.roles, user.is_staff, user.email_verified) == (["admin"], True, True)
    assert db.session.scalars(select(DomainEventRow)).all() == [], "nobody is welcomed by mail"
    tokens = client.post("/api/v1/user/login", json={"login": "root", "password": GOOD["password"]}).json
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/api/v1/admin/audit", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "weak"}, "Use at least 8 characters."),
        ({"password": "Password-1"}, "easy to guess"),
        ({"username": "a b"}, "username"),
        ({"username": "ab"}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"email": "a\x00@example.org"}, "email"),
    ],
)
def test_refusals_are_one_line(run, changes, said):
    result = run(**changes)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert len(result.output.splitlines()) == 1
    assert said in result.output
    assert db.session.scalars(select(User)).all() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": "other@example.org"}, "This username is taken."),
        ({"username": "other"}, "There is an account with this e-mail address."),
    ],
)
def test_what_is_taken(run, changes, said):
    assert run().exit_code == 0
    result = run(**changes)
    assert result.exit_code == 1
    assert said in result.output
    assert len(db.session.scalars(select(User)).all()) == 1


def test_the_password_is_asked_for(app, context):
    options = ["accounts", "create-admin", "--username=root", "--email=root@example.org"]
    typed = f"{GOOD['password']}\n{GOOD['password']}\n"
    result = FlaskCliRunner(app).invoke(args=options, input=typed)
    assert result.exit_code == 0
    assert GOOD["password"] not in result.output


def test_a_lost_second_factor_is_reset(app, context, make):
    user = make.staff("admin", username="boss")
    accounts = app.extensions["marketplace"].get(Accounts)
    _, secret = accounts.factors._codes.new_secret()
    db.session.add(SecondFactor(user_id=user.id, secret=secret, confirmed_at=user.date_joined))
    db.session.commit()
    accounts.sessions.open(user.id, Device())

    def reset(name: str):
        arguments = ["accounts", "reset-second-factor", "--username", name]
        return FlaskCliRunner(app).invoke(args=arguments)

    done = reset("boss")
    assert (done.exit_code, done.output) == (0, "boss has no second factor any more.\n")
    assert db.session.query(SecondFactor).count() == 0
    assert db.session.query(UserSession).filter_by(revoked_at=None).count() == 0
    assert db.session.query(AuditEntry).filter_by(action="user.second_factor_reset").count() == 1
    for name, said in (("boss", "There is no second factor"), ("nobody", "There is no such user")):
        refused = reset(name)
        assert (refused.exit_code, refused.output) == (1, f"Error: {name}: {said}\n")
