"""Makes the orders and reviews of the demo as lines of COPY."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.blueprints.demo.data import offers
from marketplace.blueprints.demo.ports import Place
from marketplace.blueprints.demo.services.lines import MINUTE, Maker, Offer, price_cells
from marketplace.kernel.ratings import ASPECTS

MEAN_ORDERS = 3.0
REVIEW_WINDOW = timedelta(days=14)


@dataclass(frozen=True)
class Reviewed:
    """The published ratings of one performer."""

    histogram: list[int]
    aspects: Sequence[tuple[int, ...]] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.histogram)

    @property
    def total(self) -> int:
        """The sum of their stars."""
        return sum(stars * number for stars, number in enumerate(self.histogram, start=1))

    @property
    def by_aspect(self) -> list[tuple[int, ...]]:
        """The stars of each aspect, in the order of ASPECTS."""
        return list(zip(*filter(None, self.aspects), strict=True)) or [()] * len(ASPECTS)


@dataclass(frozen=True)
class Stars:
    """A customer's rating; `aspects` is empty when none was rated."""

    rating: int
    aspects: tuple[int, ...]


class HistoryMaker(Maker):
    """Makes what happened between performers and customers."""

    def make(
        self,
        performer_id: int,
        user_id: int,
        home: Place,
        offered: Sequence[Offer],
        since: datetime,
        customers: Sequence[tuple[int, datetime]],
    ) -> Reviewed:
        """Add orders of a performer since a time; `customers` are ids with the times at which they joined."""
        rng = self._rng
        # Exponential: many performers have few orders, a few have many.
        wanted = min(60, int(rng.expovariate(1 / MEAN_ORDERS))) if customers else 0
        quality = rng.triangular(2.8, 5.3, 4.8)
        histogram = [0] * 5
        aspects: list[tuple[int, ...]] = []
        at = since
        for _ in range(wanted):
            at = max(at, since) + timedelta(days=rng.randrange(2, 40), minutes=rng.randrange(1_000))
            if at > self._plan.today - timedelta(days=3):
                break
            customer_id, joined = rng.choice(customers)
            if joined >= at:
                continue
            stars = self._order(performer_id, user_id, customer_id, home, rng.choice(offered), at, quality)
            if stars is not None:
                histogram[stars.rating - 1] += 1
                aspects.append(stars.aspects)
        return Reviewed(histogram, aspects)

    def _order(
        self,
        performer_id: int,
        user_id: int,
        customer_id: int,
        home: Place,
        offer: Offer,
        booked: datetime,
        quality: float,
    ) -> Stars | None:
        """One order with its history; returns the stars of the customer's review when it is published."""
        rng = self._rng
        order_id = self._ids.next("order")
        chance = rng.random()
        status = "completed" if chance < 0.88 else "cancelled" if chance < 0.94 else "declined"  # noqa: PLR2004 - a share of a believable market
        answered = booked + MINUTE * rng.randrange(5, 600)
        # Work begins on the hour, a day or two after the answer.
        starts_at = (answered + timedelta(hours=rng.randrange(14, 40))).replace(minute=0)
        ends_at = starts_at + MINUTE * offer.minutes
        history: list[tuple[str, str, int, str, datetime]] = [
            ("create", "pending", customer_id, "customer", booked)
        ]
        if status == "declined":
            history.append(("decline", "declined", user_id, "performer", answered))
        else:
            history.append(("accept", "confirmed", user_id, "performer", answered))
        if status == "cancelled":
            history.append(("cancel", "cancelled", customer_id, "customer", answered + timedelta(hours=2)))
        elif status == "completed":
            history += [
                ("start", "in_progress", user_id, "performer", starts_at),
                ("deliver", "delivered", user_id, "performer", ends_at),
                (
                    "complete",
                    "completed",
                    customer_id,
                    "customer",
                    ends_at + MINUTE * rng.randrange(10, 2_000),
                ),
            ]
        closed = history[-1][4]
        self._add(
            "order",
            order_id,
            customer_id,
            performer_id,
            offer.id,
            status,
            offer.title,
            offer.pricing,
            *price_cells(offer.price),
            starts_at,
            ends_at,
            self._address(home),
            "",
            closed,
            closed if status == "completed" else r"\N",
            booked,
            closed,
        )
        before = r"\N"
        for transition, to_status, actor_id, role, at in history:
            self._add(
                "order_transition",
                self._ids.next("order_transition"),
                order_id,
                transition,
                before,
                to_status,
                actor_id,
                role,
                r"\N",
                at,
            )
            before = to_status
        if status != "completed":
            return None
        return self._reviews(order_id, performer_id, user_id, customer_id, closed, quality)

    def _reviews(
        self,
        order_id: int,
        performer_id: int,
        user_id: int,
        customer_id: int,
        completed: datetime,
        quality: float,
    ) -> Stars | None:
        """Double blind: published when both have written, or when the window ends."""
        rng = self._rng
        stars = min(5, max(1, round(rng.gauss(quality, 0.7))))
        ends = completed + REVIEW_WINDOW
        of_performer = completed + MINUTE * rng.randrange(30, 18_000) if rng.random() < 0.75 else None  # noqa: PLR2004 - a share of a believable market
        of_customer = completed + MINUTE * rng.randrange(30, 18_000) if rng.random() < 0.5 else None  # noqa: PLR2004 - a share of a believable market
        today = self._plan.today
        written = [at for at in (of_performer, of_customer) if at is not None and at < today]
        published = max(written) if len(written) == 2 else ends  # noqa: PLR2004 - both parties
        shown: object = published if published <= today else r"\N"
        if of_customer is not None and of_customer < today:
            self._add(
                "review",
                self._ids.next("review"),
                order_id,
                user_id,
                "of_customer",
                performer_id,
                customer_id,
                rng.choice((4, 5, 5, 5)),
                *[r"\N"] * len(ASPECTS),
                rng.choice(offers.REVIEWS_OF_CUSTOMERS),
                ends,
                shown,
                of_customer,
            )
        if of_performer is None or of_performer >= today:
            return None
        aspects = _aspects(order_id, stars)
        self._add(
            "review",
            self._ids.next("review"),
            order_id,
            customer_id,
            "of_performer",
            performer_id,
            customer_id,
            stars,
            *(aspects or [r"\N"] * len(ASPECTS)),
            rng.choice(offers.REVIEWS[stars]),
            ends,
            shown,
            of_performer,
        )
        return Stars(stars, aspects) if published <= today else None


def _aspects(order_id: int, stars: int) -> tuple[int, ...]:
    """The stars by aspect, near those of the whole; nothing of two in five customers, who rate none."""
    if order_id % 5 < 2:  # noqa: PLR2004 - a share of a believable market
        return ()
    return tuple(min(5, max(1, stars + order_id // prime % 3 - 1)) for prime in (7, 11, 13))
