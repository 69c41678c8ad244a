"""Writes orders as iCalendar files."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from icalendar import Calendar, Event

from marketplace.blueprints.feeds.ports import FeedOrder, FeedWriter, Side

PRODUCT = "-//marketplace//orders//EN"
REFRESH = timedelta(hours=1)
_STATUS = {"pending": "TENTATIVE", "cancelled": "CANCELLED"}
_NAMES = {Side.CUSTOMER: "Orders", Side.PERFORMER: "Jobs"}
_LINES = ("line1", "line2", "postal_code")


class IcalendarWriter(FeedWriter):
    """By the library icalendar. `domain` ends the ids of our events, so that they are known again when a
    performer adds a calendar that holds them.
    """

    def __init__(self, domain: str) -> None:
        self._domain = domain

    def write(self, side: Side, orders: Sequence[FeedOrder]) -> bytes:
        calendar = Calendar()
        calendar.add("PRODID", PRODUCT)
        calendar.add("VERSION", "2.0")
        calendar.add("METHOD", "PUBLISH")
        calendar.add("X-WR-CALNAME", _NAMES[side])
        # RFC 7986, 5.7, and its older relative.
        calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", "PT1H")
        for order in orders:
            calendar.add_component(self._event(order))
        content: bytes = calendar.to_ical()
        return content

    def _event(self, order: FeedOrder) -> Event:
        event = Event()
        # The same for good, whatever the order goes through, and in both parties' calendars.
        event.add(
            "UID",
            f"{uuid5(NAMESPACE_URL, f'order:{order.id}:{order.created_at.timestamp()}')}@{self._domain}",
        )
        event.add("SEQUENCE", order.version)
        event.add("DTSTAMP", _utc(order.updated_at))
        event.add("CREATED", _utc(order.created_at))
        event.add("LAST-MODIFIED", _utc(order.updated_at))
        event.add("DTSTART", _utc(order.starts_at))
        event.add("DTEND", _utc(order.ends_at))
        event.add("SUMMARY", f"{order.title} ({order.party})")
        event.add("STATUS", _STATUS.get(order.status, "CONFIRMED"))
        event.add("TRANSP", "TRANSPARENT" if order.status == "cancelled" else "OPAQUE")
        if order.address is not None:
            place = ", ".join(str(order.address[line]) for line in _LINES if order.address.get(line))
            event.add("LOCATION", place)
        return event


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
