"""Busy times of `.ics` files from strangers (RFC 5545), read by a process with limits of its own."""

import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from marketplace.outside.errors import CalendarRefused
from marketplace.outside.ports import CalendarReader

CPU_SECONDS = 2
MEMORY_BYTES = 512 * 1024 * 1024
"""Address space; a file of 1 MB with 5,000 events takes less than half."""
MAX_EVENTS = 5000
MAX_OCCURRENCES = 50_000
AT_ONCE = 2
"""Processes of this one that read: they may take all of their memory."""
_WAIT_SECONDS = 20
"""For a process that gets little of a busy machine; its CPU time is bounded by itself."""
_CHILD = Path(__file__).with_name("ics_child.py")
_LIMITS = {
    "cpu_seconds": CPU_SECONDS,
    "bytes": MEMORY_BYTES,
    "events": MAX_EVENTS,
    "occurrences": MAX_OCCURRENCES,
    "spans": MAX_EVENTS,
}


def own_domain(secret_key: str) -> str:
    """How the ids of events end that this installation made: a performer's calendar may hold them, and they
    would stand in the way of the very orders that they show.
    """
    return (
        hmac.new(secret_key.encode(), b"calendars.domain", hashlib.sha256).hexdigest()[:16] + ".marketplace"
    )


class ProcessCalendarReader(CalendarReader):
    """A rule that repeats each second, or a million rules, end a process that holds nothing else: neither a
    thread nor the memory of this one. Events whose ids end with `own` are left out.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._places = BoundedSemaphore(AT_ONCE)

    def busy(
        self, content: bytes, zone: str, start: datetime, end: datetime
    ) -> Sequence[tuple[datetime, datetime]]:
        head = {
            "zone": zone,
            "start": int(start.timestamp()),
            "end": int(end.timestamp()),
            "own": self._own,
            "limits": _LIMITS,
        }
        with self._places:
            answer = self._run(json.dumps(head).encode() + b"\n" + content)
        if "spans" not in answer:
            raise CalendarRefused(answer["error"])
        return [
            (datetime.fromtimestamp(lower, UTC), datetime.fromtimestamp(upper, UTC))
            for lower, upper in answer["spans"]
        ]

    @staticmethod
    def _run(sent: bytes) -> dict[str, Any]:
        """What the process says; that the file is too complex when it was ended."""
        with suppress(subprocess.TimeoutExpired, ValueError):
            ended = subprocess.run(  # noqa: S603 - our own script, by our own Python, without a shell
                [sys.executable, "-I", str(_CHILD)],
                input=sent,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=_WAIT_SECONDS,
                check=False,
            )
            found = json.loads(ended.stdout)
            if isinstance(found, dict):
                return found
        return {"error": "too_complex"}
