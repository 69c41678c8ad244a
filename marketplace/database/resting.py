"""Slow parts, which no transaction waits for: to call one inside of a transaction is an error."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Resting:
    """Stands for a part: each call of its methods rests first."""

    def __init__(self, part: Any, rest: Callable[[], None]) -> None:
        self._part = part
        self._rest = rest

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found

        @wraps(found)
        def rested(*args: Any, **kwargs: Any) -> Any:
            self._rest()
            return found(*args, **kwargs)

        return rested


def resting(part: T, rest: Callable[[], None]) -> T:
    """`part`, whose methods call `rest` first (`UnitOfWork.rest`): it ends what a read has begun, and raises
    RuntimeError within a transaction.
    """
    return cast("T", _Resting(part, rest))
