"""Keeps slow work (pictures, hashes, storage) out of transactions: calling it inside one is an error."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _OutsideTransaction:
    """A proxy: each call of a method releases the connection first."""

    def __init__(self, part: Any, release: Callable[[], None]) -> None:
        self._part = part
        self._release = release

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found

        @wraps(found)
        def released(*args: Any, **kwargs: Any) -> Any:
            self._release()
            return found(*args, **kwargs)

        return released


def outside_transaction(part: T, release: Callable[[], None]) -> T:
    """`part`, whose methods call `release` first (`UnitOfWork.release_connection`): it ends the transaction
    that reads have begun, and raises RuntimeError within a unit of work.
    """
    return cast("T", _OutsideTransaction(part, release))
