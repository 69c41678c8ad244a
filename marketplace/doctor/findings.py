"""Findings of the doctor, and how checks are run: side by side, each within its seconds."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How bad a finding is; `skip` is for what there is nothing to look at."""

    OK = "ok"
    SKIP = "skip"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What a check found, in a line; `advice` is what to do. Neither holds a secret."""

    status: Status
    detail: str
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """A named look at one thing."""

    name: str
    look: Callable[[], Finding]


def ok(detail: str) -> Finding:
    """Nothing to do."""
    return Finding(Status.OK, detail)


def skip(detail: str) -> Finding:
    """Nothing to look at."""
    return Finding(Status.SKIP, detail)


def warn(detail: str, advice: str) -> Finding:
    """Works, but should be looked at."""
    return Finding(Status.WARN, detail, advice)


def fail(detail: str, advice: str) -> Finding:
    """Does not work."""
    return Finding(Status.FAIL, detail, advice)


def run(checks: Sequence[Check], seconds: float) -> list[tuple[str, Finding]]:
    """The findings of `checks`, in their order, after at most `seconds`: a check that has not ended then is a
    finding too. Its thread is left to itself; the process ends without it.
    """
    found: dict[str, Finding] = {}

    def look(check: Check) -> None:
        try:
            found[check.name] = check.look()
        except Exception as error:  # noqa: BLE001 - a check that fails is a finding, whatever it stumbled upon
            # The error's text may hold an address with a password.
            found[check.name] = fail(f"the check failed: {type(error).__name__}", "report it as a bug")

    threads = [threading.Thread(target=look, args=(check,), daemon=True) for check in checks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = fail(f"no answer within {seconds:g} s", "see whether what it asks hangs")
    return [(check.name, found.get(check.name, late)) for check in checks]
