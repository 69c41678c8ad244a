"""The routes of the waiting list."""

from typing import Any

from marketplace.blueprints.waitlist import schemas
from marketplace.blueprints.waitlist.ports import DayCount, EntryView
from marketplace.blueprints.waitlist.wiring import waitlist
from marketplace.kernel.pages import Page
from marketplace.web.access import current_principal, performer, signed_in, verified
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.pagination import PageQuery, split_page

blp = VersionedBlueprint(
    "waitlist",
    description="Wait for a day on which a performer is booked up: when time becomes free, the first who"
    " waits is offered it for half an hour.",
    rank=68,
)


@blp.put("/performers/<int:performer_id>/waitlist")
@verified
@blp.problems(
    "not_found", "own_service", "starts_in_past", "too_far_ahead", "outside_schedule", "day_not_full",
    "too_many_days_awaited", "waitlist_full",
)  # fmt: skip
@blp.arguments(schemas.WaitlistIn)
@blp.response(200, schemas.WaitlistEntry)
def join_waitlist(data: dict[str, Any], performer_id: int) -> EntryView:
    """Wait for a full day

    When the service fits into time of that day that becomes free, whoever has waited longest is offered it:
    the notification `waitlist.offered` tells you, and for 30 minutes (or until the performer's notice begins)
    nobody else can book it. Book it with `POST /orders` at the `starts_at` of the offer; then you wait no
    longer for the day. Whoever lets an offer pass comes after the others who wait, gets no other one for an
    hour, and leaves the list with the second one.

    You hold one time with a performer: while you hold one, you are passed over, and another one that you
    hold or book takes the place of the offer.

    Doing it twice changes nothing; with another service or place you keep your place in the queue. A day on
    which the service can be booked is `day_not_full`, one on which the performer does not work is
    `outside_schedule`. You wait for at most 10 days (`too_many_days_awaited`), and at most 50 customers wait
    for one day (`waitlist_full`). The entry ends with the day.
    """
    return waitlist().entries.join(current_principal(), performer_id, data)


@blp.delete("/performers/<int:performer_id>/waitlist")
@signed_in
@blp.arguments(schemas.WaitlistQuery, location="query")
@blp.response(204)
def leave_waitlist(query: dict[str, Any], performer_id: int) -> None:
    """Wait no longer for a day

    An offer for the day ends with it, and goes on to the next who waits. Doing it twice changes nothing. A
    performer for whom you do not wait and who is not public is `not_found`.
    """
    waitlist().entries.leave(current_principal(), performer_id, query["date"])


@blp.get("/user/me/waitlist")
@signed_in
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.WaitlistEntry)
def list_waitlist(query: dict[str, Any]) -> Page[EntryView]:
    """List the days that you wait for

    The earliest day comes first, with what you are offered now.
    """
    page, _ = split_page(query)
    return waitlist().entries.list_own(current_principal(), page)


@blp.get("/performers/me/waitlist")
@performer
@blp.arguments(PageQuery, location="query")
@blp.paged(schemas.AwaitedDay)
def list_awaited_days(query: dict[str, Any]) -> Page[DayCount]:
    """List days that customers wait for

    The earliest comes first, with how many wait for it: time that you add on such a day
    (`POST /performers/me/exceptions`) is offered to them at once. Who they are is not told.
    """
    page, _ = split_page(query)
    return waitlist().entries.list_days(current_principal(), page)
