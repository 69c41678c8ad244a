"""The interfaces that the service of series needs, and the views that it returns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from marketplace.blueprints.orders.contracts import OrderRef


@dataclass(frozen=True)
class DateProblem:
    """What speaks against a date, by the code of the error that would refuse it. `choices` are the starts
    that can be named in its place (RFC 3339, by the clock of the performer).
    """

    code: str
    detail: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SeriesDate:
    """A date of a series: its time by the performer's clock, the start where it is certain, what speaks
    against it, and the order once there is one.
    """

    position: int
    local: str
    starts_at: datetime | None
    problems: tuple[DateProblem, ...] = ()
    order: OrderRef | None = None


@dataclass(frozen=True)
class NewSeries:
    """The rule of a series."""

    customer_id: int
    performer_id: int
    service_id: int
    repeat: str
    count: int
    timezone: str
    starts_at: datetime


@dataclass(frozen=True)
class StoredSeries(NewSeries):
    """A series as it is stored."""

    id: int
    created_at: datetime


@dataclass(frozen=True)
class SeriesView(NewSeries):
    """A series with its dates; `id` and `created_at` are None while it is not stored. It never changes."""

    week_of_month: int | None
    dates: Sequence[SeriesDate]
    id: int | None = None
    created_at: datetime | None = None
    version: int = 1


class SeriesRepository(Protocol):
    """Series, and which orders are theirs."""

    def lock(self, customer_id: int, performer_id: int) -> None:
        """Series of a customer with a performer are stored one after the other."""
        ...

    def count_live(self, customer_id: int, performer_id: int) -> int:
        """How many series of the two have an order that is pending or confirmed."""
        ...

    def find_timezone(self, performer_id: int) -> str | None:
        """The time zone of a performer."""
        ...

    def list_requested(
        self, customer_id: int, performer_id: int, starts: Sequence[datetime]
    ) -> Sequence[datetime]:
        """Those of the starts for which the customer has a pending order with the performer."""
        ...

    def add(self, series: NewSeries, at: datetime) -> StoredSeries:
        """Store a series."""
        ...

    def find(self, series_id: int) -> StoredSeries | None:
        """One series."""
        ...

    def list_orders(self, series_id: int) -> Sequence[int]:
        """The ids of the orders of a series."""
        ...

    def list_following(self, order_id: int) -> Sequence[int]:
        """The id of an order, and those of the orders with later places in its series."""
        ...

    def export(self, user_id: int) -> Iterator[Mapping[str, Any]]:
        """For an export: the series that the user asked for, and those that a performer was asked for."""
        ...
