"""Stored answers: found again by their key, unreadable without it, gone after a day."""

import pytest
from sqlalchemy import select, text

from marketplace.database.idempotency import IdempotencyStore, StoredAnswer
from marketplace.database.tables import IdempotencyKey

ANSWER = StoredAnswer(b"hash", 201, {"Location": "/x"}, b'{"access_token": "very-secret"}\n')


@pytest.fixture
def store(runtime):
    return IdempotencyStore(runtime.uow, "a secret")


def test_round_trip(store):
    store.add("user:1", "key", ANSWER)
    assert store.find("user:1", "key") == ANSWER


@pytest.mark.parametrize(("scope", "key"), [("user:2", "key"), ("user:1", "other"), ("user:1", "")])
def test_keys_belong_to_their_caller(store, scope, key):
    store.add("user:1", "key", ANSWER)
    assert store.find(scope, key) is None


def test_the_row_alone_tells_nothing(store):
    store.add("user:1", "the-clients-key", ANSWER)
    row = store.session.scalars(select(IdempotencyKey)).one()
    assert b"very-secret" not in row.body
    assert b"the-clients-key" not in row.key_hash
    assert row.body != b""


def test_answers_are_kept_for_a_day(store):
    store.add("user:1", "key", ANSWER)
    age = text("UPDATE idempotency_key SET created_at = now() - make_interval(hours => :hours)")
    store.session.execute(age, {"hours": 23})
    store.session.expire_all()
    assert store.find("user:1", "key") == ANSWER
    store.session.execute(age, {"hours": 25})
    store.session.expire_all()
    assert store.find("user:1", "key") is None
    store.add("user:1", "key", ANSWER)  # its place is free
