"""Makes the people and services of the demo as lines of COPY."""

import random
from collections.abc import Sequence
from datetime import datetime

from marketplace.blueprints.demo.data import offers, people
from marketplace.blueprints.demo.data.logins import CUSTOMER, DOMAIN, PERFORMER, Login
from marketplace.blueprints.demo.ports import Chunk, Craft, Place
from marketplace.blueprints.demo.services.history import HistoryMaker, Reviewed
from marketplace.blueprints.demo.services.lines import MINUTE, Maker, Offer, Plan, price_cells
from marketplace.database.copying import copy_text

DAYS_BACK = 900


class ChunkMaker(Maker):
    """Makes one chunk of a market."""

    def __init__(self, plan: Plan, rng: random.Random, chunk: Chunk) -> None:
        super().__init__(plan, rng, chunk)
        self._history = HistoryMaker(plan, rng, chunk)
        self._branches = sorted(plan.branches)
        self._customers: list[tuple[int, datetime]] = []

    def make(self, homes: Sequence[Place]) -> Chunk:
        """Make a chunk, customers first, because orders need them; before them the log-ins of the plan, so
        that on an empty database they have the smallest ids.
        """
        roles = {login.role for login in self._plan.logins}
        for login in self._plan.logins:
            if login is PERFORMER:
                self._performer(homes[0], login)
            else:
                self._customer(homes[0], login) if login is CUSTOMER else self._user(homes[0], login)
        for _ in range(max(1, len(homes) // 2) - (CUSTOMER.role in roles)):
            self._customer(self._rng.choice(homes))
        for home in homes[PERFORMER.role in roles :]:
            self._performer(home)
        return self._chunk

    def _past(self, days: int, least: int = 0) -> datetime:
        """A random minute between `days` and `least` days ago."""
        return self._plan.today - MINUTE * self._rng.randrange(least * 1440 + 1, days * 1440)

    def _customer(self, home: Place, login: Login | None = None) -> None:
        self._customers.append(self._user(home, login))

    def _user(self, home: Place, login: Login | None = None) -> tuple[int, datetime]:
        rng = self._rng
        culture = people.culture_of(home.country_code)
        if culture is None or rng.random() < 0.08:  # noqa: PLR2004 - people move
            culture = rng.choice(people.EVERYWHERE)
        user_id = self._ids.next("user")
        first, last = rng.choice(culture.first), rng.choice(culture.last)
        words = [word for word in (people.ascii_word(first), people.ascii_word(last)) if word]
        username = f"{'.'.join(words) or 'user'}{user_id}"
        locale, roles = culture.locale, "{}"
        if login is not None:
            first, last, username = login.first_name, login.last_name, login.username
            locale, roles = "en", f"{{{login.staff}}}"
        joined = self._past(DAYS_BACK, 200)
        self._add(
            "user",
            user_id,
            username,
            f"{username}@{DOMAIN}",
            "t",
            self._plan.password_hash,
            first,
            last,
            locale,
            home.timezone,
            roles,
            joined,
            joined,
        )
        return user_id, joined

    def _performer(self, home: Place, login: Login | None = None) -> None:
        """A performer; one with a log-in is approved and works at any hour, for whoever tries it."""
        rng = self._rng
        user_id, joined = self._user(home, login)
        performer_id = self._ids.next("performer")
        branch = rng.choice(self._branches)
        crafts = self._plan.branches[branch]
        crafts = rng.sample(crafts, k=min(len(crafts), rng.choice((1, 1, 2, 2, 3))))
        chance = rng.random()
        status = (
            "approved"
            if login or chance < 0.9  # noqa: PLR2004 - most are
            else "pending"
            if chance < 0.96  # noqa: PLR2004 - some wait
            else "rejected"
            if chance < 0.985  # noqa: PLR2004 - few were refused or stopped
            else "suspended"
        )
        created = joined + MINUTE * rng.randrange(10, 20_000)
        served = status in {"approved", "suspended"}
        offered = self._services(performer_id, home, crafts, created, any_price=login is None)
        reviewed = (
            self._history.make(performer_id, user_id, home, offered, created, self._customers)
            if served
            else Reviewed([0] * 5)
        )
        years = rng.randrange(1, 31)
        words = {"name": crafts[0].name, "years": years, "year": self._plan.today.year - years}
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
            "t" if login or rng.random() < 0.95 else "f",  # noqa: PLR2004 - a few take a break
            "t" if served and rng.random() < 0.4 else "f",  # noqa: PLR2004 - many have no papers yet
            reviewed.count,
            reviewed.total,
            "{" + ",".join(map(str, reviewed.histogram)) + "}",
            "{" + ",".join(str(len(stars)) for stars in reviewed.by_aspect) + "}",
            "{" + ",".join(str(sum(stars)) for stars in reviewed.by_aspect) + "}",
            created,
            created,
        )
        for craft in crafts:
            self._add("performer_category", performer_id, craft.id)
        week = rng.choice(offers.WEEKS)
        self._add("performer_schedule", performer_id, offers.ALWAYS if login else week)

    def _services(
        self, performer_id: int, home: Place, crafts: Sequence[Craft], since: datetime, *, any_price: bool
    ) -> list[Offer]:
        """Services of a performer; without `any_price` the first one has a fixed price."""
        rng = self._rng
        found = []
        titles = rng.sample(offers.TITLES, k=rng.randrange(1, 5))
        for number, title in enumerate(titles):
            craft = crafts[number % len(crafts)]
            trade = offers.trade_of(craft.slug, craft.branch)
            minutes = rng.choice(trade.minutes)
            pricing = rng.choices(("fixed", "hourly", "quote"), (6, 3, 1))[0]
            if number == 0 and not any_price:
                pricing = "fixed"
            hours = 1 if pricing == "hourly" else minutes / 60
            price = (
                None
                if pricing == "quote"
                else offers.price_for(home.country_code, rng.uniform(trade.low, trade.high) * hours)
            )
            made = Offer(
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
                *price_cells(price),
                minutes,
                "t" if number == 0 or rng.random() < 0.95 else "f",  # noqa: PLR2004 - a few are switched off
                created,
                created,
            )
            found.append(made)
        return found
