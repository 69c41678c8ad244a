"""Decorators that give a route a budget of its own, or no budget."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from marketplace.extensions import limiter
from marketplace.web.actions import action_of
from marketplace.web.limits.callers import address_key

F = TypeVar("F", bound=Callable[..., Any])


def limit(amount: str, *, key: Callable[[], str] = address_key) -> Callable[[F], F]:
    """Give a route a budget of its own, such as `5/minute`, besides the default one.

    A route has one budget in all versions of the API.
    """
    return cast(
        "Callable[[F], F]", limiter.shared_limit(amount, action_of, key_func=key, override_defaults=False)
    )


def unlimited(view: F) -> F:
    """Let a route spend nothing: for probes, which ask every second and are always answered."""
    view.unlimited = True  # type: ignore[attr-defined]  # functions carry attributes
    return view
