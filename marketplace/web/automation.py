"""Tells requests that no person caused: what is counted should be people."""

import re

from flask import request

_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_ROBOT = re.compile(r"bot\b|crawler|spider|slurp|preview|headlesschrome|lighthouse", re.IGNORECASE)


def is_automatic() -> bool:
    """Whether the request says that it is fetched ahead of need (`Sec-Purpose` of the Fetch standard and its
    forerunners) or comes from a program that calls itself a robot. Those that hide it are not found.
    """
    ahead = any(
        word in request.headers.get(name, "").lower()
        for name in _PURPOSES
        for word in ("prefetch", "preview")
    )
    return ahead or _ROBOT.search(request.headers.get("User-Agent", "")) is not None
