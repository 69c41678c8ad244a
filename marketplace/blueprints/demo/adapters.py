"""The hash of the demo's one password, and a look whether our server answers."""

from collections.abc import Callable
from enum import Enum

import argon2
import urllib3
from urllib3.exceptions import HTTPError

from marketplace.config import Settings
from marketplace.database.production_checks import DEMO_SALT

SERVER_SECONDS = 2.0


class Answering(Enum):
    """Who answers at an address."""

    NOBODY = "nobody"
    STRANGER = "stranger"
    OURS = "ours"


def who_answers(url: str, access_token: str) -> Answering:
    """Who answers at `url`: ours is the server that knows the session of `access_token`."""
    headers = {"Authorization": f"Bearer {access_token}"}
    try:
        answer = urllib3.request(
            "GET", f"{url}/api/v1/user/me", headers=headers, timeout=SERVER_SECONDS, retries=False
        )
    except HTTPError:
        return Answering.NOBODY
    return Answering.OURS if answer.status == 200 else Answering.STRANGER  # noqa: PLR2004 - OK


def password_hasher(settings: Settings) -> Callable[[str, int], str]:
    """Argon2id with the costs of the settings; the same password and seed give the same hash."""
    hasher = argon2.PasswordHasher(
        time_cost=settings.argon2_time_cost, memory_cost=settings.argon2_memory_cost, parallelism=1
    )

    def hash_password(password: str, seed: int) -> str:
        return hasher.hash(password, salt=f"{DEMO_SALT}{seed}".encode().ljust(16, b"-")[:16])

    return hash_password
