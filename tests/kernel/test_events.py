"""Domain events: named once, stored and restored."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from marketplace.kernel.events import EVENT_TYPES, DomainEvent, Handler, restore
from marketplace.kernel.registry import Job, Registry


@dataclass(frozen=True, kw_only=True)
class KettleBoiled(DomainEvent):
    name: ClassVar[str] = "test.kettle_boiled"
    kettle_id: int
    tea: str | None = None


def test_round_trip():
    event = KettleBoiled(kettle_id=5, tea="green")
    assert event.payload() == {"kettle_id": 5, "tea": "green"}
    assert restore(event.name, event.event_id, event.payload()) == event


def test_each_has_an_id_of_its_own():
    first, second = KettleBoiled(kettle_id=1), KettleBoiled(kettle_id=1)
    assert isinstance(first.event_id, UUID)
    assert first.event_id != second.event_id


def test_unknown_name():
    with pytest.raises(KeyError):
        restore("test.nothing", uuid4(), {})


def test_a_name_is_needed():
    with pytest.raises(TypeError, match="Nameless needs a name"):

        class Nameless(DomainEvent):
            pass


def test_a_name_is_taken_once():
    with pytest.raises(TypeError, match=r"share the event name 'test\.kettle_boiled'"):

        class Other(DomainEvent):
            name: ClassVar[str] = "test.kettle_boiled"

    assert EVENT_TYPES["test.kettle_boiled"] is KettleBoiled


def _handler(key: str, event: type[DomainEvent] = KettleBoiled) -> Handler:
    return Handler(event, print, key=key)


def test_registry_keeps_the_order():
    registry = Registry()
    handlers = [_handler("a"), _handler("b")]
    registry.add_handlers(handlers)
    assert registry.handlers_of(KettleBoiled(kettle_id=1)) == handlers
    assert registry.handler("b") is handlers[1]
    assert registry.handler("c") is None


def test_registry_without_handlers():
    assert Registry().handlers_of(KettleBoiled(kettle_id=1)) == []


def test_registry_refuses_what_is_taken():
    registry = Registry()
    registry.add_handlers([_handler("a")])
    registry.add_jobs([Job("clean", print)])
    with pytest.raises(ValueError, match="key 'a'"):
        registry.add_handlers([_handler("a")])
    with pytest.raises(ValueError, match="kind 'clean'"):
        registry.add_jobs([Job("clean", print)])
