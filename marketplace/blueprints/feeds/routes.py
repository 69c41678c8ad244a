"""Routes of feeds: the own ones, and the calendar that a secret address opens."""

import hashlib
import re

from flask import Blueprint, Response, request

from marketplace.blueprints.feeds import schemas
from marketplace.blueprints.feeds.ports import FeedView, NewFeed, Side
from marketplace.blueprints.feeds.wiring import feeds
from marketplace.kernel.errors import NotFound
from marketplace.web.access import current_principal, performer, public, signed_in
from marketplace.web.blueprint import VersionedBlueprint
from marketplace.web.idempotency import idempotent
from marketplace.web.limits.callers import caller_key
from marketplace.web.limits.markers import limit
from marketplace.web.problems import own_base

blp = VersionedBlueprint(
    "feeds",
    description="Your orders in the calendar program that you use: a secret address that it reads by itself.",
    rank=75,
)
opened = Blueprint("opened_feeds", __name__)

PATH = "/feeds/"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def _address() -> str:
    """The address of a feed, absolute where the host of the request is known to be ours; `{secret}` is left
    open.
    """
    return f"{own_base()}{PATH}" + "{secret}.ics"


@blp.get("/user/me/feed")
@signed_in
@blp.response(200, schemas.CalendarFeed)
def get_customer_feed() -> FeedView:
    """Get the feed of your bookings

    You learn whether there is one. Its address is told only when it is made.
    """
    return feeds().feeds.get(current_principal(), Side.CUSTOMER)


@blp.post("/user/me/feed")
@signed_in
@limit("20/hour", key=caller_key)
@idempotent
@blp.response(201, schemas.NewCalendarFeed)
def make_customer_feed() -> NewFeed:
    """Make a feed of your bookings

    Give the address to your calendar program, which reads it by itself about every hour: the orders that you
    booked, from 30 days ago to 400 days ahead. Orders that nobody has answered are tentative, cancelled ones
    stay as cancelled for 30 days. Whoever has the address reads them, so keep it secret; make the feed anew
    when somebody else has it, and the address before opens nothing any more.
    """
    return feeds().feeds.make(current_principal(), Side.CUSTOMER, _address())


@blp.delete("/user/me/feed")
@signed_in
@blp.response(204)
def revoke_customer_feed() -> None:
    """Delete the feed of your bookings

    Its address opens nothing from now on. It is fine when there is none.
    """
    feeds().feeds.revoke(current_principal(), Side.CUSTOMER)


@blp.get("/performers/me/feed")
@performer
@blp.response(200, schemas.CalendarFeed)
def get_performer_feed() -> FeedView:
    """Get the feed of your jobs

    You learn whether there is one. Its address is told only when it is made.
    """
    return feeds().feeds.get(current_principal(), Side.PERFORMER)


@blp.post("/performers/me/feed")
@performer
@limit("20/hour", key=caller_key)
@idempotent
@blp.response(201, schemas.NewCalendarFeed)
def make_performer_feed() -> NewFeed:
    """Make a feed of your jobs

    As `POST /user/me/feed`, for the orders that you perform. The customer's address is in it once an order
    is confirmed. A calendar that you add at `/performers/me/calendars` may hold these events: they take no
    time there.
    """
    return feeds().feeds.make(current_principal(), Side.PERFORMER, _address())


@blp.delete("/performers/me/feed")
@performer
@blp.response(204)
def revoke_performer_feed() -> None:
    """Delete the feed of your jobs

    Its address opens nothing from now on. It is fine when there is none.
    """
    feeds().feeds.revoke(current_principal(), Side.PERFORMER)


def _feed_key() -> str:
    """A budget for each address: the programs of many people fetch from one address of the network."""
    return "feed:" + hashlib.sha256(request.path.encode()).hexdigest()


@opened.get(f"{PATH}<secret>.ics")
@public
@limit("30/minute", key=_feed_key)
def open_feed(secret: str) -> Response:
    """The orders behind a secret address; what is no secret of anybody is not there."""
    if not _SECRET.fullmatch(secret):
        raise NotFound
    response = Response(feeds().feeds.read(secret), content_type="text/calendar; charset=utf-8")
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = 'inline; filename="orders.ics"'
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.make_conditional(request)
    return response
