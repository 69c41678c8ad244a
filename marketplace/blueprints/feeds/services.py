"""Feeds: made and revoked by their owners, read by whoever has the address."""

import hashlib
import secrets
from datetime import timedelta

from marketplace.blueprints.feeds.ports import FeedRepository, FeedView, FeedWriter, NewFeed, Side
from marketplace.kernel.clock import Clock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.identity import Principal, own_performer_id
from marketplace.kernel.transactions import UnitOfWork

SECRET_BYTES = 32
BEHIND, AHEAD = timedelta(days=30), timedelta(days=400)
MAX_ORDERS = 1000


class FeedService:
    """The caller's own feeds, and the calendar behind a secret. Only a hash of each secret is kept."""

    def __init__(self, uow: UnitOfWork, rows: FeedRepository, writer: FeedWriter, clock: Clock) -> None:
        self._uow = uow
        self._rows = rows
        self._writer = writer
        self._clock = clock

    def get(self, caller: Principal, side: Side) -> FeedView:
        """When the feed was made."""
        self._check(caller, side)
        return FeedView(self._rows.find_created(caller.user_id, side))

    def make(self, caller: Principal, side: Side, address: str) -> NewFeed:
        """Make a feed, or give it another secret, which takes the place of `{secret}` in `address`."""
        self._check(caller, side)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        now = self._clock.now()
        with self._uow:
            self._rows.put(caller.user_id, side, _hash(secret), now)
        return NewFeed(address.replace("{secret}", secret), now)

    def revoke(self, caller: Principal, side: Side) -> None:
        """Remove a feed; its address opens nothing any more."""
        self._check(caller, side)
        with self._uow:
            self._rows.remove(caller.user_id, side)

    def read(self, secret: str) -> bytes:
        """The calendar behind a secret. Raises NotFound."""
        feed = self._rows.find(_hash(secret))
        if feed is None:
            raise NotFound
        now = self._clock.now()
        return self._writer.write(feed.side, self._rows.orders(feed, now - BEHIND, now + AHEAD, MAX_ORDERS))

    @staticmethod
    def _check(caller: Principal, side: Side) -> None:
        if side is Side.PERFORMER:
            own_performer_id(caller)


def _hash(secret: str) -> bytes:
    # It has 256 random bits, so a slow hash would add nothing.
    return hashlib.sha256(secret.encode()).digest()
