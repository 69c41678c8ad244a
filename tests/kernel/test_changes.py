"""Field strategies: what changed, and carrying it out."""

from types import SimpleNamespace

import pytest

from marketplace.kernel.changes import Attribute, Change, apply, diff

STRATEGIES = {"name": Attribute("name"), "city": Attribute("city")}


def test_only_real_changes_come_out_in_the_given_order():
    subject = SimpleNamespace(name="Ann", city=1)
    assert diff(subject, {"city": 2, "name": "Ann"}, STRATEGIES) == [Change("city", 1, 2)]
    assert diff(subject, {"city": 2, "name": "Bea"}, STRATEGIES) == [
        Change("city", 1, 2),
        Change("name", "Ann", "Bea"),
    ]
    assert diff(subject, {}, STRATEGIES) == []


def test_a_field_without_strategy_is_a_defect():
    with pytest.raises(KeyError):
        diff(SimpleNamespace(), {"is_staff": True}, STRATEGIES)


def test_apply():
    subject = SimpleNamespace(name="Ann", city=1)
    apply(subject, [Change("city", 1, 2), Change("name", "Ann", None)], STRATEGIES)
    assert (subject.name, subject.city) == (None, 2)
