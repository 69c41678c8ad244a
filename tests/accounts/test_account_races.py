"""Accounts under parallel requests, on real connections: one winner, nobody signed out, nothing twice."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.extensions import db
from marketplace.testing import Factory

SIGN_UP = {
    "username": "ann",
    "email": "ann@example.org",
    "password": "Correct-Horse-7",
    "first_name": "Ann",
    "last_name": "Lee",
}


@pytest.fixture
def at_once(committed):
    """`at_once(20, call)`: `call(client, number)` in as many threads, which start together."""

    def run(count, call):
        barrier = Barrier(count)

        def one(number):
            client = committed.test_client()
            barrier.wait(30)
            return call(client, number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run


@pytest.fixture
def rows(committed):
    def rows(statement):
        with committed.app_context(), db.engine.connect() as connection:
            return connection.execute(text(statement)).all()

    return rows


@pytest.fixture
def tokens(committed):
    """The tokens of a user that is really there."""
    with committed.app_context():
        user = Factory().user()
        return committed.extensions["marketplace"].get(Accounts).sessions.open(user.id, Device())


def statuses(answers):
    return Counter(
        (answer.status_code, answer.json["code"] if answer.status_code >= 400 else None) for answer in answers
    )


def test_twenty_retries_at_once_make_one_account(at_once, rows, committed):
    def sign_up(client, _number):
        return client.post("/api/v1/user/sign-up", json=SIGN_UP, headers={"Idempotency-Key": "once"})

    answers = at_once(20, sign_up)
    good = [answer for answer in answers if answer.status_code == 201]
    assert set(statuses(answers)) <= {(201, None), (409, "idempotency_in_progress")}
    assert good
    assert len({answer.get_data() for answer in good}) == 1
    assert rows('SELECT count(*) FROM "user"') == [(1,)]
    assert rows("SELECT count(*) FROM domain_event") == [(1,)]
    again = sign_up(committed.test_client(), 0)
    assert again.get_data() == good[0].get_data()
    assert again.headers["Content-Type"] == good[0].headers["Content-Type"]


def test_a_refused_request_frees_its_key(committed, rows):
    client = committed.test_client()
    headers = {"Idempotency-Key": "again"}
    weak = client.post("/api/v1/user/sign-up", json={**SIGN_UP, "password": "weak"}, headers=headers)
    assert weak.status_code == 422
    assert client.post("/api/v1/user/sign-up", json=SIGN_UP, headers=headers).status_code == 201
    assert rows("SELECT count(*) FROM idempotency_key") == [(1,)]


def test_of_many_with_one_name_one_wins(at_once, rows):
    def sign_up(client, number):
        body = {**SIGN_UP, "username": "aNn" if number % 2 else "Ann", "email": f"a{number}@example.org"}
        return client.post("/api/v1/user/sign-up", json=body)

    answers = at_once(10, sign_up)
    assert statuses(answers) == {(201, None): 1, (409, "username_taken"): 9}
    assert rows('SELECT count(*) FROM "user"') == [(1,)]
    assert rows("SELECT count(*) FROM user_session") == [(1,)]


def test_parallel_refreshes_log_nobody_out(at_once, committed, tokens):
    def refresh(client, _number):
        return client.post("/api/v1/user/token/refresh", json={"refresh_token": tokens.refresh_token})

    answers = at_once(20, refresh)
    assert statuses(answers) == {(200, None): 20}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    client = committed.test_client()
    body = {"refresh_token": answers[0].json["refresh_token"]}
    assert client.post("/api/v1/user/token/refresh", json=body).status_code == 200


def test_fifty_editors_with_one_tag(at_once, committed, tokens, rows):
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    tag = committed.test_client().get("/api/v1/user/me", headers=headers).headers["ETag"]

    def edit(client, number):
        return client.patch(
            "/api/v1/user/me", json={"first_name": f"Name {number}"}, headers=headers | {"If-Match": tag}
        )

    answers = at_once(50, edit)
    found = statuses(answers)
    # 30 connections for 50 threads: whoever gets none in 2 s is told to come back.
    late = found.pop((503, "unavailable"), 0)
    assert found == {(200, None): 1, (412, "precondition_failed"): 49 - late}
    [(name, version)] = rows('SELECT first_name, version FROM "user"')
    assert version == 2
    assert [a.json["first_name"] for a in answers if a.status_code == 200] == [name]


def test_a_mailed_token_works_once(at_once, committed, rows):
    client = committed.test_client()
    client.post("/api/v1/user/sign-up", json=SIGN_UP)
    with committed.app_context():
        built = committed.extensions["marketplace"].get(Accounts)
        [(user_id,)] = rows('SELECT id FROM "user"')
        sent = []
        mailer = built.post._mailer
        built.post._mailer = type("Box", (), {"send": staticmethod(lambda **mail: sent.append(mail))})
        try:
            built.registration.send_welcome(user_id)
        finally:
            built.post._mailer = mailer
    token = sent[0]["data"]["token"]

    def verify(client, _number):
        return client.post("/api/v1/user/email/verify", json={"token": token})

    answers = at_once(20, verify)
    assert statuses(answers) == {(204, None): 1, (422, "invalid_token"): 19}
    assert rows("SELECT count(*) FROM domain_event WHERE name = 'user.verified'") == [(1,)]


def test_a_key_belongs_to_one_address(committed):
    client = committed.test_client()
    headers = {"Idempotency-Key": "shared"}
    one = client.post("/api/v1/user/sign-up", json=SIGN_UP, headers=headers)
    other = client.post(
        "/api/v1/user/sign-up",
        json={**SIGN_UP, "email": "other@example.org"},
        headers=headers,
        environ_overrides={"REMOTE_ADDR": "10.9.8.7"},
    )
    assert one.status_code == 201
    assert (other.status_code, other.json["code"]) == (409, "username_taken")
    assert "access_token" not in json.dumps(other.json)
