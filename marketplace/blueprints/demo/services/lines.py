"""Shared by the makers of the demo's rows: the plan of a market, and lines of COPY."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from marketplace.blueprints.demo.data import offers
from marketplace.blueprints.demo.data.logins import Login
from marketplace.blueprints.demo.ports import Chunk, Craft, Ids, Place
from marketplace.database.copying import copy_text
from marketplace.kernel.money import Money

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Plan:
    """What all chunks of a market share; `today` is midnight, aware, and `branches` are crafts by branch.
    `logins` are the accounts to make that everybody may use.
    """

    ids: Ids
    today: datetime
    password_hash: str
    branches: Mapping[str, Sequence[Craft]]
    logins: Sequence[Login] = ()


@dataclass(frozen=True)
class Offer:
    """A service as its orders need it."""

    id: int
    title: str
    pricing: str
    price: Money | None
    minutes: int


class Maker:
    """Adds lines to one chunk of a market."""

    def __init__(self, plan: Plan, rng: random.Random, chunk: Chunk) -> None:
        self._plan = plan
        self._ids = plan.ids
        self._rng = rng
        self._chunk = chunk

    def _add(self, table: str, *cells: object) -> None:
        self._chunk.lines[table].append("\t".join(map(str, cells)) + "\n")

    def _address(self, home: Place) -> str:
        rng = self._rng
        value = {
            "line1": f"{rng.choice(offers.STREETS)} {rng.randrange(1, 180)}, {home.name}",
            "postal_code": f"{rng.randrange(10_000, 99_999)}",
        }
        return copy_text(json.dumps(value, ensure_ascii=False))


def price_cells(price: Money | None) -> tuple[object, object]:
    """The columns of a price."""
    return (r"\N", r"\N") if price is None else (price.amount, price.currency)
