"""Errors: an abstract base, a stable code, one status each."""

import re

import pytest

from marketplace.kernel import errors
from marketplace.kernel.errors import AppError, Conflict, Invalid, TooManyRequests, Unavailable


class SlotTaken(Conflict):
    code = "slot_taken"
    title = "This time is taken"


def test_the_base_is_abstract():
    with pytest.raises(TypeError, match="AppError is abstract"):
        AppError()


def test_detail_defaults_to_the_title():
    assert SlotTaken().detail == str(SlotTaken()) == "This time is taken"
    assert SlotTaken("Take another", slot=5).detail == "Take another"
    assert SlotTaken(slot=5).data == {"slot": 5}


def test_invalid_tells_the_fields():
    assert Invalid(errors={"json": {"a": ["no"]}}).data == {"errors": {"json": {"a": ["no"]}}}
    assert Invalid().data == {}


def test_waiting_times():
    assert TooManyRequests().retry_after == 60
    assert Unavailable(retry_after=1, since=2).retry_after == 1
    assert Unavailable(since=2).data == {"since": 2}


def test_every_category_has_a_code_and_a_title():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not AppError]
    categories = [kind for kind in kinds if issubclass(kind, AppError)]
    assert len(categories) == 13
    assert len({kind.code for kind in categories}) == 13
    for kind in categories:
        assert re.fullmatch(r"[a-z_]+", kind.code)
        assert kind.title
