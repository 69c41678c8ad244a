"""Rate limits by route and caller, reported in headers (draft-ietf-httpapi-ratelimit-headers-10).

Flask-Limiter decides which budgets a request spends beside the default one, which every request spends.
Our own counters count them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any, NamedTuple

import redis
from flask import Flask, Response, current_app, request
from limits import RateLimitItem, parse
from limits.storage import Storage

from marketplace.config import Settings
from marketplace.extensions import limiter
from marketplace.kernel.errors import TooManyRequests
from marketplace.kernel.texts import Text
from marketplace.web.limits.callers import ADDRESS, caller_key, network_of
from marketplace.web.limits.counters import PREFIX, Counters, LocalCounters, RedisCounters, Window

MAX_INTEGER = 999_999_999_999_999
"""The largest integer of a structured field (RFC 9651, 3.3.1)."""

_EXTENSION = "marketplace_limits"
_SPENT = "marketplace.limits"


class Budget(NamedTuple):
    """The hits allowed in a window of `seconds`; they are counted under `key`."""

    key: str
    amount: int
    seconds: int


@dataclass(frozen=True)
class Counting:
    """The default budget of one app, and its counters."""

    default: RateLimitItem
    counters: Counters


@dataclass
class _Spent:
    """The spending of one request: budgets, the keys of those that are used up, and all windows by key."""

    budgets: list[Budget] = field(default_factory=list)
    used_up: list[str] = field(default_factory=list)
    windows: dict[str, Window] = field(default_factory=dict)

    def spend(self, counters: Counters, budget: Budget) -> None:
        """Count one hit."""
        window = self.windows[budget.key] = counters.hit(budget.key, budget.seconds)
        self.budgets.append(budget)
        if window.hits > budget.amount:
            self.used_up.append(budget.key)

    def seconds_to_wait(self) -> int:
        """The seconds until all budgets that are used up are there again."""
        return math.ceil(max(self.windows[key].seconds_left for key in self.used_up))

    def tell(self) -> list[tuple[str, str]]:
        """The headers that report the remaining budgets."""
        policies, states, names = [], [], list[str]()
        for key, amount, seconds in self.budgets:
            hits, seconds_left = self.windows[key]
            names.append(f"{amount}-per-{seconds}s")
            same = names.count(names[-1])
            name = names[-1] if same == 1 else f"{names[-1]}-{same}"
            policies.append(f'"{name}";q={min(amount, MAX_INTEGER)};w={seconds}')
            states.append(f'"{name}";r={min(max(0, amount - hits), MAX_INTEGER)};t={math.ceil(seconds_left)}')
        return [("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states))]


def _spent() -> _Spent:
    # Not in `g`, which may outlive a request.
    spent: _Spent = request.environ.setdefault(_SPENT, _Spent())
    return spent


class AppStorage(Storage):
    """Connects Flask-Limiter to the counters of the current app."""

    STORAGE_SCHEME = ["marketplace"]

    @property
    def base_exceptions(self) -> type[Exception]:
        return redis.RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        counting: Counting = current_app.extensions[_EXTENSION]
        window = counting.counters.hit(key, expiry, amount)
        _spent().windows[key] = window
        return window.hits

    def get(self, key: str) -> int:
        """The count that this request found when it was counted, so that the headers need no second query."""
        return _spent().windows[key].hits

    def get_expiry(self, key: str) -> float:
        return time() + _spent().windows[key].seconds_left

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        counting: Counting = current_app.extensions[_EXTENSION]
        counting.counters.reset()
        return None

    def clear(self, key: str) -> None:
        raise NotImplementedError("budgets are cleared all at once, by reset()")


@limiter.request_filter
def _is_unlimited() -> bool:
    return _EXTENSION not in current_app.extensions


def init_app(app: Flask, settings: Settings) -> None:
    """Count in Redis when there is one (in memory while it is away), else in memory."""
    if not settings.rate_limit_enabled:
        return
    counters = RedisCounters(settings.redis_url) if settings.redis_url else LocalCounters()
    app.extensions[_EXTENSION] = Counting(parse(settings.rate_limit_default), counters)
    app.config.update(
        RATELIMIT_ENABLED=True,
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_STORAGE_URI="marketplace://",
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_KEY_PREFIX=PREFIX,
    )
    limiter.init_app(app)
    # Its check of routes without budgets of their own takes a tenth of the time of a page.
    app.before_request_funcs[None].remove(limiter._check_request_limit)  # noqa: SLF001 - it has no switch
    app.before_request(_spend_default)
    app.after_request(add_headers)


def _is_preflight() -> bool:
    # Browsers send it before a request that is counted itself, without the token that names the user.
    return (
        request.method == "OPTIONS"
        and "Access-Control-Request-Method" in request.headers
        and request.routing_exception is None
    )


def _spend_default() -> None:
    """Spend the caller's budget for all routes together, before access is checked: a refused request counts
    as any other, and so does an unknown address.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not limiter.enabled or getattr(view, "unlimited", False) or _is_preflight():
        return
    counting: Counting = current_app.extensions[_EXTENSION]
    default = counting.default
    key = default.key_for(PREFIX, caller_key())
    spent = _spent()
    spent.spend(counting.counters, Budget(key, default.amount, default.get_expiry()))
    if spent.used_up:
        raise TooManyRequests(advice())


def advice() -> Text:
    """What a caller whose budget is used up does: wait as long as `Retry-After` says too."""
    spent = _spent()
    _note_breached(spent)
    return Text("Wait {seconds} s before you try again", seconds=spent.seconds_to_wait())


def _note_breached(spent: _Spent) -> None:
    spent.used_up.extend(item.key for item in limiter.current_limits if item.breached)


def add_headers(response: Response) -> Response:
    """Add `RateLimit-Policy` with every counted budget, and `RateLimit` with the rest of each."""
    spent = _spent()
    for item in limiter.current_limits:
        spent.budgets.append(Budget(item.key, item.limit.amount, item.limit.get_expiry()))
    _note_breached(spent)
    if not spent.budgets:
        return response
    response.headers.update(spent.tell())
    if response.status_code == 429 and spent.used_up:  # noqa: PLR2004 - Too Many Requests
        response.headers["Retry-After"] = str(spent.seconds_to_wait())
    return response


def budgets_by_address(environ: Mapping[str, Any]) -> list[Budget] | None:
    """The budgets that the request of `environ` has spent, with `{}` for its address in the keys; None when
    one of them is not by address.
    """
    spent = environ.get(_SPENT, _Spent())
    address = f"{ADDRESS}{network_of(environ.get('REMOTE_ADDR') or '')}/"
    budgets = [Budget(key.replace(address, "{}"), *rest) for key, *rest in spent.budgets]
    return budgets if all("{}" in budget.key for budget in budgets) else None


def spend_by_address(app: Flask, budgets: Iterable[Budget], address: str) -> list[tuple[str, str]] | None:
    """Spend such budgets for another request. Returns its headers, or None when a budget is used up."""
    if not budgets:
        return []
    counting: Counting = app.extensions[_EXTENSION]
    caller = f"{ADDRESS}{network_of(address)}/"
    spent = _Spent()
    for key, amount, seconds in budgets:
        spent.spend(counting.counters, Budget(key.replace("{}", caller), amount, seconds))
    return None if spent.used_up else spent.tell()


def count_handshake(app: Flask, network: str, seconds: int) -> tuple[int, float] | None:
    """Count a handshake of a socket, which reaches no route. Returns how many came from `network` in this
    window, and the seconds to its end; None when nothing is limited.
    """
    counting = app.extensions.get(_EXTENSION)
    if not isinstance(counting, Counting):
        return None
    return counting.counters.hit(f"LIMITER/{PREFIX}/{ADDRESS}{network}/sockets", seconds)
