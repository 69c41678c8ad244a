"""Series: what speaks against each date, all dates stored at once, and steps of several orders together."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marketplace.blueprints.availability.contracts import Booking, Calendar, Place
from marketplace.blueprints.offers.contracts import BookableService
from marketplace.blueprints.orders.contracts import (
    AcceptOutcome,
    MoveOutcome,
    OrderDesk,
    OrderRef,
    SeriesPlace,
)
from marketplace.blueprints.series.errors import (
    DateNotInSeries,
    SeriesConflicts,
    TimeComesTwice,
    TimeDoesNotExist,
    TooManySeries,
)
from marketplace.blueprints.series.policies import (
    MAX_LIVE,
    Occurrence,
    Repeat,
    Scope,
    fixed,
    instants_of,
    moved,
    named,
    occurrences,
    week_of_month,
)
from marketplace.blueprints.series.ports import (
    DateProblem,
    NewSeries,
    SeriesDate,
    SeriesRepository,
    SeriesView,
    StoredSeries,
)
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.transactions import UnitOfWork
from marketplace.kernel.zones import zone

_FOREIGN = Text("This is no start of the series.")
_AGAIN = Text("This date of the series was named already.")
_REQUESTED = Text("You have asked this performer for that time already.")


class SeriesService:
    """Series of orders. Which dates there are is fixed when a series is stored; its orders live on alone."""

    def __init__(
        self,
        uow: UnitOfWork,
        rows: SeriesRepository,
        desk: OrderDesk,
        calendar: Calendar,
        clock: Clock,
    ) -> None:
        self._uow = uow
        self._rows = rows
        self._desk = desk
        self._calendar = calendar
        self._clock = clock

    def preview(self, caller: Principal, values: Mapping[str, Any]) -> SeriesView:
        """What `book` would do, with what speaks against each date. Nothing is stored.

        Raises NotFound (no such service), OwnService, PriceNeeded, StartsInPast and TooFarAhead for the first
        start, DateNotInSeries.
        """
        service = self._desk.find_service(values["service_id"])
        series, dates, _ = self._plan(caller, service, values)
        return _view(series, dates)

    def book(self, caller: Principal, values: Mapping[str, Any]) -> SeriesView:
        """Store a series and an order for each of its dates, or for those that are named, in one transaction.

        Raises as `preview`, and SeriesConflicts, TooManySeries, AlreadyRequested (since a moment ago).
        """
        with self._uow:
            service = self._desk.find_service(values["service_id"])
            self._rows.lock(caller.user_id, service.performer_id)
            series, dates, bookings = self._plan(caller, service, values)
            if any(date.problems for date in dates):
                raise SeriesConflicts(dates=[_told(date) for date in dates])
            if self._rows.count_live(caller.user_id, service.performer_id) >= MAX_LIVE:
                raise TooManySeries
            stored = self._rows.add(series, self._clock.now())
            places = [SeriesPlace(stored.id, date.position) for date in dates]
            orders = self._desk.book(caller, service, values, list(zip(bookings, places, strict=True)))
            return _view(stored, [_date_of(order, stored) for order in orders])

    def _plan(
        self, caller: Principal, service: BookableService, values: Mapping[str, Any]
    ) -> tuple[NewSeries, list[SeriesDate], Sequence[Booking]]:
        """The rule, the dates with what speaks against them, and the bookings of those that are certain."""
        starts_at = values["starts_at"]
        self._calendar.check_start(starts_at)
        name = self._zone_of(service.performer_id)
        series = NewSeries(
            customer_id=caller.user_id,
            performer_id=service.performer_id,
            service_id=service.id,
            repeat=values["repeat"],
            count=values["count"],
            timezone=name,
            starts_at=starts_at,
        )
        found = occurrences(starts_at, zone(name), Repeat(series.repeat), series.count)
        chosen = _chosen(found, values.get("dates"))
        starts = [start for _, start in chosen if start is not None]
        verdicts = self._calendar.check_many(
            service, starts, customer_id=caller.user_id, place=Place.of_address(values["address"])
        )
        requested = set(self._rows.list_requested(caller.user_id, service.performer_id, starts))
        problems: dict[datetime, tuple[DateProblem, ...]] = {}
        for verdict in verdicts:
            start, refusal = verdict.booking.starts_at, verdict.refusal
            against = [DateProblem(refusal.code, refusal.title)] if refusal is not None else []
            if start in requested:
                against.append(DateProblem("already_requested", _REQUESTED))
            problems[start] = tuple(against)
        dates = [
            SeriesDate(
                position=one.position,
                local=one.local.isoformat(),
                starts_at=start,
                problems=_uncertain(one) if start is None else problems[start],
            )
            for one, start in chosen
        ]
        return series, dates, [verdict.booking for verdict in verdicts]

    def get(self, caller: Principal, series_id: int) -> SeriesView:
        """A series with its orders, for its parties and staff. Raises NotFound."""
        series = self._found(series_id)
        orders = self._desk.list_seen(caller, self._rows.list_orders(series_id))
        return _view(series, [_date_of(order, series) for order in _by_place(orders)])

    def accept(
        self, caller: Principal, series_id: int, *, despite_conflicts: bool
    ) -> Sequence[AcceptOutcome]:
        """Accept the orders of a series that wait for it and whose time is free.

        Raises NotFound, WrongParty, TransitionNotAllowed where none waits.
        """
        with self._uow:
            self._found(series_id)
            order_ids = self._rows.list_orders(series_id)
            return self._desk.accept(caller, order_ids, despite_conflicts=despite_conflicts)

    def cancel(
        self, caller: Principal, order_id: int, scope: str, expected: int | None
    ) -> Sequence[OrderRef]:
        """Cancel an order, and with the scope `following` those after it in its series that can be cancelled.

        Raises NotFound, WrongParty, TransitionNotAllowed, PreconditionFailed for the order itself.
        """
        with self._uow:
            order_ids = self._in_scope(order_id, scope)
            orders = self._desk.cancel(caller, order_ids, named=order_id, expected=expected)
            return _by_place(orders)

    def move(
        self,
        caller: Principal,
        order_id: int,
        scope: str,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Sequence[OrderRef]:
        """Propose another start of an order, or agree to the other party's proposal of it. With the scope
        `following` the orders after it in its series that can be moved are moved by as much on the clock of
        the performer: all of them, or none.

        Raises NotFound, WrongParty, TransitionNotAllowed, PreconditionFailed for the order itself,
        OnlyPerformer, DateNotInSeries, SeriesConflicts; for one order alone what speaks against it.
        """
        with self._uow:
            order_ids = self._in_scope(order_id, scope)
            outcomes = self._desk.move(
                caller,
                order_ids,
                lambda orders: self._new_starts(orders, order_id, values),
                named=order_id,
                expected=expected,
                despite_conflicts=values["despite_conflicts"],
            )
            against = [one for one in outcomes if one.refusal is not None]
            if against and len(order_ids) == 1:
                [alone] = against
                assert alone.refusal is not None
                raise alone.refusal
            if against:
                here = zone(self._zone_of(outcomes[0].order.performer_id))
                raise SeriesConflicts(dates=[_told(_date_of_move(one, here)) for one in outcomes])
            return _by_place([one.order for one in outcomes])

    def _new_starts(
        self, orders: Sequence[OrderRef], order_id: int, values: Mapping[str, Any]
    ) -> Mapping[int, datetime]:
        """The new start of each order. Raises DateNotInSeries, SeriesConflicts."""
        [first] = [order for order in orders if order.id == order_id]
        starts: dict[int, datetime] = {order_id: values["starts_at"]}
        others = [order for order in orders if order is not first]
        if not others and not values.get("dates"):
            return starts
        here = zone(self._zone_of(first.performer_id))
        before, after = (fixed(at, here).replace(tzinfo=None) for at in (first.starts_at, starts[order_id]))
        dates, unused = [], set(values.get("dates") or ())
        for order in others:
            local, choices = moved(order.starts_at, after - before, here)
            wanted = [one for one in choices if one in unused]
            # What the other party has chosen is what is agreed to.
            wanted += [one for one in choices if one == order.proposed_starts_at]
            start = wanted[0] if wanted else None
            unused -= set(wanted)
            if start is None and instants_of(local, here) == choices[:1]:
                start = choices[0]
            if start is not None:
                starts[order.id] = start.astimezone(UTC)
            one = Occurrence(order.series_position or 0, local, instants_of(local, here), choices)
            dates.append(
                SeriesDate(
                    one.position, local.isoformat(), start, () if start is not None else _uncertain(one)
                )
            )
        if unused:
            wrong = {index: [_FOREIGN] for index, date in enumerate(values["dates"]) if date in unused}
            raise DateNotInSeries(errors={"json": {"dates": wrong}})
        if any(date.problems for date in dates):
            raise SeriesConflicts(dates=[_told(date) for date in dates])
        return starts

    def _zone_of(self, performer_id: int) -> str:
        name = self._rows.find_timezone(performer_id)
        if name is None:
            raise NotFound
        return name

    def _in_scope(self, order_id: int, scope: str) -> Sequence[int]:
        # The place of an order in a series never changes, so this may be read before the orders are locked.
        return [order_id] if scope == Scope.ONE else self._rows.list_following(order_id)

    def _found(self, series_id: int) -> StoredSeries:
        found = self._rows.find(series_id)
        if found is None:
            raise NotFound
        return found


def _chosen(
    found: Sequence[Occurrence], dates: Sequence[datetime] | None
) -> list[tuple[Occurrence, datetime | None]]:
    """Each date that is wanted with its start; in UTC, None where the clock leaves it open.

    Raises DateNotInSeries.
    """
    if dates is None:
        return [(one, one.starts_at and one.starts_at.astimezone(UTC)) for one in found]
    chosen: dict[int, tuple[Occurrence, datetime]] = {}
    wrong: dict[int, list[str]] = {}
    for index, (date, one) in enumerate(zip(dates, named(dates, found), strict=True)):
        if one is None:
            wrong[index] = [_FOREIGN]
        elif one.position in chosen:
            wrong[index] = [_AGAIN]
        else:
            chosen[one.position] = (one, date)
    if wrong:
        raise DateNotInSeries(errors={"json": {"dates": wrong}})
    return [chosen[position] for position in sorted(chosen)]


def _uncertain(one: Occurrence) -> tuple[DateProblem, ...]:
    kind = TimeComesTwice if one.instants else TimeDoesNotExist
    return (DateProblem(kind.code, kind.title, tuple(choice.isoformat() for choice in one.choices)),)


def _view(series: NewSeries, dates: Sequence[SeriesDate]) -> SeriesView:
    local = fixed(series.starts_at, zone(series.timezone))
    return SeriesView(
        **asdict(series), week_of_month=week_of_month(local, Repeat(series.repeat)), dates=dates
    )


def _date_of(order: OrderRef, series: NewSeries) -> SeriesDate:
    """The date of an order that is stored, as it was agreed since."""
    assert order.series_position is not None
    local = fixed(order.starts_at, zone(series.timezone)).replace(tzinfo=None)
    return SeriesDate(order.series_position, local.isoformat(), order.starts_at, order=order)


def _date_of_move(one: MoveOutcome, here: ZoneInfo) -> SeriesDate:
    """The date of an order that was to be moved, with what speaks against it."""
    problems = () if one.refusal is None else (DateProblem(one.refusal.code, one.refusal.title),)
    local = fixed(one.starts_at, here).replace(tzinfo=None)
    return SeriesDate(one.order.series_position or 0, local.isoformat(), one.starts_at, problems)


def _by_place(orders: Sequence[OrderRef]) -> list[OrderRef]:
    return sorted(orders, key=lambda order: order.series_position or 0)


def _told(date: SeriesDate) -> dict[str, Any]:
    """A date for the problem document."""
    return {
        "position": date.position,
        "local": date.local,
        "starts_at": date.starts_at and date.starts_at.isoformat().replace("+00:00", "Z"),
        "problems": [
            {"code": one.code, "detail": one.detail, "choices": list(one.choices)} for one in date.problems
        ],
    }
