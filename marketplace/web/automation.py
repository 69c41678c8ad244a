"""Detects prefetches and robots, so that only people are counted."""

import re

from flask import request

_PURPOSES = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_ROBOT = re.compile(r"bot\b|crawler|spider|slurp|preview|headlesschrome|lighthouse", re.IGNORECASE)


def is_automatic() -> bool:
    """Whether the request says that it is a prefetch (`Sec-Purpose` of the Fetch standard and its
    forerunners) or comes from a program that calls itself a robot. Robots that hide it are not detected.
    """
    ahead = any(
        word in request.headers.get(name, "").lower()
        for name in _PURPOSES
        for word in ("prefetch", "preview")
    )
    return ahead or _ROBOT.search(request.headers.get("User-Agent", "")) is not None
