"""Rate limits by route and caller, told in headers (draft-ietf-httpapi-ratelimit-headers-10).

Flask-Limiter decides which budgets a request spends beside the default one, which every request spends.
Where they are counted is ours, because its own fallback answers 500 to every request but one of those that
wait when Redis hangs, waits again at each look whether Redis is back, and keeps one storage for all apps of
a process.
"""

import logging
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Lock, Thread
from time import monotonic, time
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import redis
from flask import Flask, Response, current_app, request
from limits import RateLimitItem, parse
from limits.storage import Storage
from redis.backoff import NoBackoff
from redis.retry import Retry

from marketplace.config import Settings
from marketplace.extensions import limiter
from marketplace.kernel.errors import TooManyRequests
from marketplace.web.access import claimed_user
from marketplace.web.actions import action_of

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
"""For a connect, and for an answer: one request pays at most both, 0.5 s."""
PAUSE_SECONDS = 5.0
"""How long a Redis that failed is left alone before it is tried again, by a thread of its own."""
SWEEP_SECONDS = 60.0
"""How often a process throws its ended windows away."""
IPV6_PREFIX = 64
"""What one subscriber is given of IPv6, at least (RFC 6177): all of it is one caller."""
PREFIX = "marketplace"
MAX_INTEGER = 999_999_999_999_999
"""The largest integer of a structured field (RFC 9651, 3.3.1)."""

_EXTENSION = "marketplace_limits"
_SPENT = "marketplace.limits"
_ADDRESS = "ip:"
_WITH_PORT = re.compile(r"([0-9.]+):\d+|\[([0-9a-fA-F:.]+)\](?::\d+)?")

# One step, so that no counter is left without an end, whatever happens between two commands.
_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
"""


# --- whose budget -------------------------------------------------------------------------------------


def caller_key() -> str:
    """Whose budget a request spends: that of the user whom a good token names, else the address's."""
    user_id = claimed_user()
    return address_key() if user_id is None else f"user:{user_id}"


def address_key() -> str:
    """The client's network; behind a proxy that of the address which PROXY_HOPS says to trust.

    An IPv4 address counts whole, also where it is written as IPv6; IPv6 by its first 64 bits. What is
    no address, as a proxy may send, shares one budget.
    """
    return f"{_ADDRESS}{network_of(request.remote_addr or '')}"


@lru_cache(4096)
def network_of(text: str) -> str:
    # Some proxies add the port, which is another one for each connection.
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))


def limit(amount: str, *, key: Callable[[], str] = address_key) -> Callable[[F], F]:
    """A budget of its own for a route, such as `5/minute`, besides the default one.

    A route has one budget in all versions of the API.
    """
    return cast(
        "Callable[[F], F]", limiter.shared_limit(amount, action_of, key_func=key, override_defaults=False)
    )


def unlimited(view: F) -> F:
    """A route that spends nothing: for probes, which ask each second and are answered in any case."""
    view.unlimited = True  # type: ignore[attr-defined]  # functions carry attributes
    return view


def _is_preflight() -> bool:
    # Browsers send it before a request that counts itself, without the token that tells whose it is.
    return (
        request.method == "OPTIONS"
        and "Access-Control-Request-Method" in request.headers
        and request.routing_exception is None
    )


# --- where it is counted ------------------------------------------------------------------------------


class Window(NamedTuple):
    """A budget's window as one request found it, that request counted: hits, and seconds to its end."""

    hits: int
    seconds_left: float


class Budget(NamedTuple):
    """What may be spent in a window of `seconds`; it is counted under `key`."""

    key: str
    amount: int
    seconds: int


class Counters(Protocol):
    """Counts hits by key in fixed windows, each of which begins with its first hit. Never raises."""

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window: ...

    def reset(self) -> None: ...


class LocalCounters:
    """Windows of this process alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window:
        now = monotonic()
        with self._lock:
            if now >= self._sweep_at:
                self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
                self._sweep_at = now + SWEEP_SECONDS
            hits, end = self._windows.get(key, (0, 0.0))
            if end <= now:
                hits, end = 0, now + seconds
            self._windows[key] = (hits + amount, end)
        # (now + 60) - now may be a little more than 60.
        return Window(hits + amount, min(end - now, seconds))

    def reset(self) -> None:
        with self._lock:
            self._windows.clear()


class RedisCounters:
    """Windows that all processes share; while Redis is away, those of this process.

    Only requests that are on their way to Redis when it fails wait for it, each for at most twice
    TIMEOUT_SECONDS; whether it is back is found out beside the requests.
    """

    def __init__(self, url: str) -> None:
        # A connection that Redis has closed is opened again once; one that hangs is not asked twice.
        once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=once
        )
        self._count = self._client.register_script(_COUNT)
        self._local = LocalCounters()
        self._lock = Lock()
        self._away = False
        self._look_at = 0.0

    @property
    def away(self) -> bool:
        """Whether this process counts for itself."""
        return self._away

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window:
        if not self._away:
            try:
                return self._ask(key, seconds, amount)
            except redis.RedisError as error:
                self._leave(error)
        elif self._is_time_to_look():
            Thread(target=self._look, name="limits-look", daemon=True).start()
        return self._local.hit(key, seconds, amount)

    def reset(self) -> None:
        self._local.reset()
        for key in self._client.scan_iter(f"*/{PREFIX}/*"):
            self._client.delete(key)

    def _ask(self, key: str, seconds: int, amount: int) -> Window:
        hits, milliseconds = self._count(keys=[key], args=[seconds * 1000, amount])
        return Window(hits, milliseconds / 1000)

    def _leave(self, error: redis.RedisError) -> None:
        with self._lock:
            self._look_at = monotonic() + PAUSE_SECONDS
            known, self._away = self._away, True
        if not known:
            log.warning("limits are counted in this process", extra={"reason": type(error).__name__})

    def _is_time_to_look(self) -> bool:
        with self._lock:
            now = monotonic()
            if now < self._look_at:
                return False
            self._look_at = now + PAUSE_SECONDS
            return True

    def _look(self) -> None:
        try:
            # The very thing that is wanted: a Redis without memory, or a replica, answers to PING too.
            self._ask(f"LIMITER/{PREFIX}/look", 1, 1)
        except redis.RedisError:
            return
        self._away = False
        log.info("limits are counted in Redis again")


@dataclass(frozen=True)
class Counting:
    """What one app counts with: the default budget, and where."""

    default: RateLimitItem
    counters: Counters


@dataclass
class _Spent:
    """What one request has spent: budgets, the keys of those that are used up, and all windows by key."""

    budgets: list[Budget] = field(default_factory=list)
    used_up: list[str] = field(default_factory=list)
    windows: dict[str, Window] = field(default_factory=dict)


def _spent() -> _Spent:
    # Not in `g`, which may outlive a request.
    spent: _Spent = request.environ.setdefault(_SPENT, _Spent())
    return spent


class AppStorage(Storage):
    """Flask-Limiter's way to the counters of the app at hand."""

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
        """What this request found when it was counted: the headers ask nobody again."""
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


# --- the app ------------------------------------------------------------------------------------------


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
    # Its look at routes without budgets of their own takes a tenth of the time of a page.
    app.before_request_funcs[None].remove(limiter._check_request_limit)  # noqa: SLF001 - it has no switch
    app.before_request(_spend_default)
    app.after_request(add_headers)


def _spend_default() -> None:
    """One budget of a caller for all routes together, spent before access is checked: a refused request
    counts as any other, and so does an address that leads nowhere.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if not limiter.enabled or getattr(view, "unlimited", False) or _is_preflight():
        return
    counting: Counting = current_app.extensions[_EXTENSION]
    default = counting.default
    key = default.key_for(PREFIX, caller_key())
    budget = Budget(key, default.amount, default.get_expiry())
    spent = _spent()
    spent.budgets.append(budget)
    window = spent.windows[budget.key] = counting.counters.hit(budget.key, budget.seconds)
    if window.hits > budget.amount:
        spent.used_up.append(budget.key)
        raise TooManyRequests("Wait before you try again")


def add_headers(response: Response) -> Response:
    """`RateLimit-Policy` names every budget that was counted, `RateLimit` what is left of it."""
    spent = _spent()
    for item in limiter.current_limits:
        spent.budgets.append(Budget(item.key, item.limit.amount, item.limit.get_expiry()))
        if item.breached:
            spent.used_up.append(item.key)
    if not spent.budgets:
        return response
    response.headers.update(_tell(spent.budgets, spent.windows))
    if response.status_code == 429 and spent.used_up:  # noqa: PLR2004 - Too Many Requests
        wait = max(spent.windows[key].seconds_left for key in spent.used_up)
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def _tell(budgets: Iterable[Budget], windows: Mapping[str, Window]) -> list[tuple[str, str]]:
    policies, states, names = [], [], list[str]()
    for key, amount, seconds in budgets:
        hits, seconds_left = windows[key]
        names.append(f"{amount}-per-{seconds}s")
        same = names.count(names[-1])
        name = names[-1] if same == 1 else f"{names[-1]}-{same}"
        policies.append(f'"{name}";q={min(amount, MAX_INTEGER)};w={seconds}')
        states.append(f'"{name}";r={min(max(0, amount - hits), MAX_INTEGER)};t={math.ceil(seconds_left)}')
    return [("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states))]


# --- requests that are answered before Flask ----------------------------------------------------------


def budgets_by_address(environ: Mapping[str, Any]) -> list[Budget] | None:
    """What the request of `environ` has spent, with `{}` for its address in the keys; None when a budget is
    not its address's.
    """
    spent = environ.get(_SPENT, _Spent())
    address = f"{_ADDRESS}{network_of(environ.get('REMOTE_ADDR') or '')}/"
    budgets = [Budget(key.replace(address, "{}"), *rest) for key, *rest in spent.budgets]
    return budgets if all("{}" in budget.key for budget in budgets) else None


def spend_by_address(app: Flask, budgets: Iterable[Budget], address: str) -> list[tuple[str, str]] | None:
    """Spend such budgets for another request: the headers that tell of it, or None when one is used up."""
    if not budgets:
        return []
    counting: Counting = app.extensions[_EXTENSION]
    caller = f"{_ADDRESS}{network_of(address)}/"
    own = [Budget(key.replace("{}", caller), amount, seconds) for key, amount, seconds in budgets]
    windows = {key: counting.counters.hit(key, seconds) for key, _, seconds in own}
    if any(windows[key].hits > amount for key, amount, _ in own):
        return None
    return _tell(own, windows)


def count_handshake(app: Flask, network: str, seconds: int) -> tuple[int, float] | None:
    """Count a handshake of a socket, which no route sees: how many came from `network` in this window, and
    the seconds to its end; None where nothing is limited.
    """
    counting = app.extensions.get(_EXTENSION)
    if not isinstance(counting, Counting):
        return None
    return counting.counters.hit(f"LIMITER/{PREFIX}/{_ADDRESS}{network}/sockets", seconds)
