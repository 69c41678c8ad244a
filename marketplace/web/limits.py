"""Rate limits by route and caller, told in headers (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, Response, request

from marketplace.config import Settings
from marketplace.extensions import limiter
from marketplace.web.access import optional_principal

F = TypeVar("F", bound=Callable[..., Any])

BUS_TIMEOUT_SECONDS = 0.5


def caller_key() -> str:
    """Whose budget a request spends: the user's when signed in, else the address's."""
    caller = optional_principal()
    return f"user:{caller.user_id}" if caller else address_key()


def address_key() -> str:
    """The client's address; behind a proxy the one that PROXY_HOPS says to trust."""
    return f"ip:{request.remote_addr}"


def limit(amount: str, *, key: Callable[[], str] = address_key) -> Callable[[F], F]:
    """A budget of its own for a route, such as `5/minute`, besides the default one."""
    return cast("Callable[[F], F]", limiter.limit(amount, key_func=key, override_defaults=False))


def init_app(app: Flask, settings: Settings) -> None:
    """Count in Redis when there is one (in memory while it is away), else in memory."""
    app.config.update(
        RATELIMIT_ENABLED=settings.rate_limit_enabled,
        RATELIMIT_STRATEGY="fixed-window",
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_STORAGE_OPTIONS=(
            {"socket_timeout": BUS_TIMEOUT_SECONDS, "socket_connect_timeout": BUS_TIMEOUT_SECONDS}
            if settings.redis_url
            else {}
        ),
        RATELIMIT_DEFAULT=settings.rate_limit_default,
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=settings.redis_url is not None,
        RATELIMIT_HEADERS_ENABLED=False,
        RATELIMIT_KEY_PREFIX="marketplace",
    )
    limiter._key_func = caller_key  # noqa: SLF001 - the extension object is made before the key is known
    limiter.init_app(app)
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """`RateLimit-Policy` names every budget that was counted, `RateLimit` what is left of it."""
    counted = getattr(limiter, "current_limits", [])
    if not counted:
        return response
    policies, states, wait = [], [], 0
    now = time.time()
    for item in counted:
        name = f"{item.limit.amount}-per-{item.limit.get_expiry()}s"
        reset = max(0, math.ceil(item.reset_at - now))
        policies.append(f'"{name}";q={item.limit.amount};w={item.limit.get_expiry()}')
        states.append(f'"{name}";r={max(0, item.remaining)};t={reset}')
        if item.breached:
            wait = max(wait, reset, 1)
    response.headers["RateLimit-Policy"] = ", ".join(policies)
    response.headers["RateLimit"] = ", ".join(states)
    if response.status_code == 429 and wait:  # noqa: PLR2004 - Too Many Requests
        response.headers["Retry-After"] = str(wait)
    return response
