"""Field strategies: what changed, and carrying it out."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from marketplace.kernel.changes import (
    Attribute,
    Change,
    apply,
    attributes,
    before_and_after,
    check_version,
    diff,
    snapshot,
)
from marketplace.kernel.errors import PreconditionFailed

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


def test_the_audit_log_has_times_as_text():
    at = datetime(2026, 5, 4, 9, tzinfo=UTC)
    subject = SimpleNamespace(name="Ann", born=at, note=None)
    fields = attributes("name", "born", "note")
    assert snapshot(subject, fields) == {"name": "Ann", "born": "2026-05-04T09:00:00+00:00", "note": None}
    assert before_and_after(diff(subject, {"name": "Bea", "born": None, "note": None}, fields)) == (
        {"name": "Ann", "born": "2026-05-04T09:00:00+00:00"},
        {"name": "Bea", "born": None},
    )


@pytest.mark.parametrize("expected", [None, 3])
def test_an_edit_of_the_present_version(expected):
    check_version(3, expected)


@pytest.mark.parametrize("expected", [0, 2, 4])
def test_an_edit_of_another_version_is_refused(expected):
    with pytest.raises(PreconditionFailed):
        check_version(3, expected)
