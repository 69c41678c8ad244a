"""Makes the demo's rows as lines of COPY, chunk by chunk; the same seed and day give the same lines."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from marketplace.blueprints.operations.demo import offers, people
from marketplace.blueprints.operations.demo.tables import Chunk, Craft, Ids, Place
from marketplace.database.copying import copy_text
from marketplace.kernel.money import Money

CHUNK = 5_000
"""Performers that are made before their rows are sent: memory stays flat however many there are."""

PERFORMERS_PER_CITY = 25
MIN_CITIES = 12
"""Small markets stay in few large cities, so that each city has something to choose from."""

MEAN_ORDERS = 3.0
REVIEW_WINDOW = timedelta(days=14)
DAYS_BACK = 900
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class _Offer:
    id: int
    title: str
    pricing: str
    price: Money | None
    minutes: int


@dataclass(frozen=True)
class _Reviewed:
    """The published ratings of one performer."""

    histogram: list[int]

    @property
    def count(self) -> int:
        return sum(self.histogram)

    @property
    def total(self) -> int:
        return sum(stars * number for stars, number in enumerate(self.histogram, start=1))


class Market:
    """Believable people, offers, orders and reviews before the day `today` (midnight, aware)."""

    def __init__(
        self,
        seed: int,
        places: Sequence[Place],
        crafts: Sequence[Craft],
        ids: Ids,
        password_hash: str,
        today: datetime,
    ) -> None:
        self._seed = seed
        self._places = sorted(places, key=lambda place: (-place.population, place.id))
        self._branches: dict[str, list[Craft]] = {}
        for craft in sorted(crafts, key=lambda craft: craft.id):
            self._branches.setdefault(craft.branch, []).append(craft)
        self._ids = ids
        self._password_hash = password_hash
        self._today = today

    def chunks(self, performers: int) -> Iterator[Chunk]:
        """All of a market of `performers`, with half as many customers."""
        places = self._places[: max(MIN_CITIES, performers // PERFORMERS_PER_CITY)]
        weights = list(accumulate(max(place.population, 1) for place in places))
        for number, done in enumerate(range(0, performers, CHUNK)):
            # A generator of its own for each chunk: they do not depend on each other's randomness.
            rng = random.Random(f"{self._seed}:{number}")  # noqa: S311 - a demo keeps no secret
            size = min(CHUNK, performers - done)
            homes = rng.choices(places, cum_weights=weights, k=size)
            yield _ChunkMaker(self, rng, Chunk(size)).make(homes)

    @property
    def ids(self) -> Ids:
        return self._ids

    @property
    def today(self) -> datetime:
        return self._today

    @property
    def password_hash(self) -> str:
        return self._password_hash

    @property
    def branches(self) -> dict[str, list[Craft]]:
        return self._branches


class _ChunkMaker:
    """Makes one chunk."""

    def __init__(self, market: Market, rng: random.Random, chunk: Chunk) -> None:
        self._market = market
        self._ids = market.ids
        self._rng = rng
        self._chunk = chunk
        self._branches = sorted(market.branches)
        self._customers: list[tuple[int, datetime]] = []

    def make(self, homes: Sequence[Place]) -> Chunk:
        """Customers first: orders need them."""
        login = ""
        for _ in range(max(1, len(homes) // 2)):
            customer_id, username, joined = self._user(self._rng.choice(homes))
            self._customers.append((customer_id, joined))
            login = login or username
        first = ""
        for home in homes:
            username = self._performer(home)
            first = first or username
        self._chunk.logins = (login, first)
        return self._chunk

    def _add(self, table: str, *cells: object) -> None:
        self._chunk.lines[table].append("\t".join(map(str, cells)) + "\n")

    def _past(self, days: int, least: int = 0) -> datetime:
        """Some minute between `days` and `least` days ago."""
        return self._market.today - MINUTE * self._rng.randrange(least * 1440 + 1, days * 1440)

    def _user(self, home: Place) -> tuple[int, str, datetime]:
        rng = self._rng
        culture = people.culture_of(home.country_code)
        if culture is None or rng.random() < 0.08:  # noqa: PLR2004 - people move
            culture = rng.choice(people.EVERYWHERE)
        user_id = self._ids.next("user")
        first, last = rng.choice(culture.first), rng.choice(culture.last)
        words = [word for word in (people.ascii_word(first), people.ascii_word(last)) if word]
        username = f"{'.'.join(words) or 'user'}{user_id}"
        joined = self._past(DAYS_BACK, 200)
        self._add(
            "user",
            user_id,
            username,
            f"{username}@example.com",
            "t",
            self._market.password_hash,
            first,
            last,
            culture.locale,
            home.timezone,
            joined,
            joined,
        )
        return user_id, username, joined

    def _performer(self, home: Place) -> str:
        rng = self._rng
        user_id, username, joined = self._user(home)
        performer_id = self._ids.next("performer")
        branch = rng.choice(self._branches)
        crafts = self._market.branches[branch]
        crafts = rng.sample(crafts, k=min(len(crafts), rng.choice((1, 1, 2, 2, 3))))
        chance = rng.random()
        status = (
            "approved"
            if chance < 0.9  # noqa: PLR2004 - most are
            else "pending"
            if chance < 0.96  # noqa: PLR2004 - some wait
            else "rejected"
            if chance < 0.985  # noqa: PLR2004 - few were refused or stopped
            else "suspended"
        )
        created = joined + MINUTE * rng.randrange(10, 20_000)
        served = status in {"approved", "suspended"}
        offered = self._services(performer_id, home, crafts, created)
        reviewed = (
            self._orders(performer_id, user_id, home, offered, created) if served else _Reviewed([0] * 5)
        )
        years = rng.randrange(1, 31)
        words = {"name": crafts[0].name, "years": years, "year": self._market.today.year - years}
        culture = people.culture_of(home.country_code)
        languages = sorted({"en", culture.locale if culture else "en"})
        self._add(
            "performer",
            performer_id,
            user_id,
            home.id,
            copy_text(rng.choice(offers.HEADLINES).format(**words)[:160]),
            copy_text(rng.choice(offers.ABOUT).format(**words)),
            self._address(home),
            home.timezone,
            "{" + ",".join(languages) + "}",
            years,
            status,
            {"rejected": "The profile is not complete", "suspended": "Complaints"}.get(status, r"\N"),
            "t" if rng.random() < 0.95 else "f",  # noqa: PLR2004 - a few take a break
            "t" if served and rng.random() < 0.4 else "f",  # noqa: PLR2004 - many have no papers yet
            reviewed.count,
            reviewed.total,
            "{" + ",".join(map(str, reviewed.histogram)) + "}",
            created,
            created,
        )
        for craft in crafts:
            self._add("performer_category", performer_id, craft.id)
        self._add("performer_schedule", performer_id, rng.choice(offers.WEEKS))
        return username

    def _address(self, home: Place) -> str:
        rng = self._rng
        value = {
            "line1": f"{rng.choice(offers.STREETS)} {rng.randrange(1, 180)}, {home.name}",
            "postal_code": f"{rng.randrange(10_000, 99_999)}",
        }
        return copy_text(json.dumps(value, ensure_ascii=False))

    def _services(
        self, performer_id: int, home: Place, crafts: Sequence[Craft], since: datetime
    ) -> list[_Offer]:
        rng = self._rng
        found = []
        titles = rng.sample(offers.TITLES, k=rng.randrange(1, 5))
        for number, title in enumerate(titles):
            craft = crafts[number % len(crafts)]
            trade = offers.trade_of(craft.slug, craft.branch)
            minutes = rng.choice(trade.minutes)
            pricing = rng.choices(("fixed", "hourly", "quote"), (6, 3, 1))[0]
            hours = 1 if pricing == "hourly" else minutes / 60
            price = (
                None
                if pricing == "quote"
                else offers.price_for(home.country_code, rng.uniform(trade.low, trade.high) * hours)
            )
            made = _Offer(
                self._ids.next("service"),
                copy_text(title.format(name=craft.name)[:120]),
                pricing,
                price,
                minutes,
            )
            created = since + MINUTE * rng.randrange(5, 3_000)
            self._add(
                "service",
                made.id,
                performer_id,
                craft.id,
                made.title,
                rng.choice(offers.DESCRIPTIONS),
                pricing,
                *_price(price),
                minutes,
                "t" if number == 0 or rng.random() < 0.95 else "f",  # noqa: PLR2004 - a few are switched off
                created,
                created,
            )
            found.append(made)
        return found

    def _orders(
        self, performer_id: int, user_id: int, home: Place, offered: Sequence[_Offer], since: datetime
    ) -> _Reviewed:
        rng = self._rng
        # Exponential: many performers have few orders, a few have many.
        wanted = min(60, int(rng.expovariate(1 / MEAN_ORDERS)))
        quality = rng.triangular(2.8, 5.3, 4.8)
        histogram = [0] * 5
        at = since
        for _ in range(wanted):
            at = max(at, since) + timedelta(days=rng.randrange(2, 40), minutes=rng.randrange(1_000))
            if at > self._market.today - timedelta(days=3):
                break
            customer_id, joined = rng.choice(self._customers)
            if joined >= at:
                continue
            stars = self._order(performer_id, user_id, customer_id, home, rng.choice(offered), at, quality)
            if stars is not None:
                histogram[stars - 1] += 1
        return _Reviewed(histogram)

    def _order(
        self,
        performer_id: int,
        user_id: int,
        customer_id: int,
        home: Place,
        offer: _Offer,
        booked: datetime,
        quality: float,
    ) -> int | None:
        """One order with its history; the stars of the customer's review when it is published."""
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
            *_price(offer.price),
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
    ) -> int | None:
        """Double blind: published when both have written, or when the window ends."""
        rng = self._rng
        stars = min(5, max(1, round(rng.gauss(quality, 0.7))))
        ends = completed + REVIEW_WINDOW
        of_performer = completed + MINUTE * rng.randrange(30, 18_000) if rng.random() < 0.75 else None  # noqa: PLR2004 - a share of a believable market
        of_customer = completed + MINUTE * rng.randrange(30, 18_000) if rng.random() < 0.5 else None  # noqa: PLR2004 - a share of a believable market
        today = self._market.today
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
                rng.choice(offers.REVIEWS_OF_CUSTOMERS),
                ends,
                shown,
                of_customer,
            )
        if of_performer is None or of_performer >= today:
            return None
        self._add(
            "review",
            self._ids.next("review"),
            order_id,
            customer_id,
            "of_performer",
            performer_id,
            customer_id,
            stars,
            rng.choice(offers.REVIEWS[stars]),
            ends,
            shown,
            of_performer,
        )
        return stars if published <= today else None


def _price(price: Money | None) -> tuple[object, object]:
    return (r"\N", r"\N") if price is None else (price.amount, price.currency)
