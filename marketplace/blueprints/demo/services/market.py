"""The market of the demo, chunk by chunk; the same seed and day give the same lines."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate

from marketplace.blueprints.demo.data.logins import Login
from marketplace.blueprints.demo.ports import Chunk, Craft, Ids, Place
from marketplace.blueprints.demo.services.chunks import ChunkMaker
from marketplace.blueprints.demo.services.lines import Plan

CHUNK = 5_000
"""The number of performers made before their rows are sent: memory use does not grow with the market."""

PERFORMERS_PER_CITY = 25
MIN_CITIES = 12
"""Small markets stay in few large cities, so that each city offers a choice."""


class Market:
    """Believable people, offers, orders and reviews before the day `today` (midnight, aware), and the
    accounts `logins`.
    """

    def __init__(
        self,
        seed: int,
        places: Sequence[Place],
        crafts: Sequence[Craft],
        ids: Ids,
        password_hash: str,
        today: datetime,
        logins: Sequence[Login] = (),
    ) -> None:
        self._seed = seed
        self._places = sorted(places, key=lambda place: (-place.population, place.id))
        branches: dict[str, list[Craft]] = {}
        for craft in sorted(crafts, key=lambda craft: craft.id):
            branches.setdefault(craft.branch, []).append(craft)
        self._plan = Plan(ids, today, password_hash, branches)
        self._logins = logins

    def chunks(self, performers: int) -> Iterator[Chunk]:
        """All chunks of a market of `performers`, with half as many customers."""
        places = self._places[: max(MIN_CITIES, performers // PERFORMERS_PER_CITY)]
        weights = list(accumulate(max(place.population, 1) for place in places))
        for number, done in enumerate(range(0, performers, CHUNK)):
            # Each chunk has a generator of its own, so that chunks do not depend on each other's randomness.
            rng = random.Random(f"{self._seed}:{number}")  # noqa: S311 - a demo keeps no secret
            size = min(CHUNK, performers - done)
            homes = rng.choices(places, cum_weights=weights, k=size)
            plan = replace(self._plan, logins=self._logins) if number == 0 else self._plan
            yield ChunkMaker(plan, rng, Chunk(size)).make(homes)
