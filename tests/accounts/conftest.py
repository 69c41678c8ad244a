"""The people of these tests."""

from tests.support.people import at_once, messages, person, rows

__all__ = ["at_once", "messages", "person", "rows"]
