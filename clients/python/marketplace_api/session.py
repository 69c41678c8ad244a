"""The tokens of a signed-in user, sent along with every call and renewed on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import TypeVar

import httpx

from .rest.client import AuthenticatedClient
from .rest.models import Problem, Tokens
from .rest.types import Response

T = TypeVar("T")

REFRESH = "/api/v1/user/token/refresh"
MARGIN_SECONDS = 30
UNAUTHORIZED = 401


class ProblemError(Exception):
    """A problem that the API answered with; switch on `problem.code`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


class SignedOut(Exception):
    """Nobody is signed in, or not any more: log in again."""


class Session(httpx.Auth):
    """Signs requests. At 401 it renews the access token and sends the request once more; parallel renewals
    give the same tokens. `save` is told of new tokens, and of None at the end.
    """

    requires_response_body = True

    def __init__(
        self,
        base_url: str,
        tokens: Tokens | None = None,
        save: Callable[[Tokens | None], None] = lambda _tokens: None,
    ) -> None:
        self.base_url = base_url
        self._save = save
        self.tokens: Tokens | None = None
        self._expires_at = 0.0
        if tokens is not None:
            self.use(tokens)

    def use(self, tokens: Tokens | None) -> None:
        """Begin, or end with None."""
        self.tokens = tokens
        self._expires_at = time.monotonic() + (tokens.expires_in if tokens else 0)
        self._save(tokens)

    def fresh_token(self) -> str:
        """An access token that is good for a while. Raises SignedOut and ProblemError."""
        if self.tokens is not None and self._expires_at - time.monotonic() < MARGIN_SECONDS:
            with httpx.Client() as client:
                self._take(client.send(self._refresh(self.tokens)))
        if self.tokens is None:
            raise SignedOut
        return self.tokens.access_token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx."""
        sent = self.tokens
        self._sign(request)
        answer = yield request
        if answer.status_code == UNAUTHORIZED and sent is not None:
            # Somebody else may have renewed them since.
            if self.tokens is sent:
                self._take((yield self._refresh(sent)))
            if self.tokens is not None:
                self._sign(request)
                yield request

    def _sign(self, request: httpx.Request) -> None:
        request.headers.pop("Authorization", None)
        if self.tokens is not None:
            request.headers["Authorization"] = f"Bearer {self.tokens.access_token}"

    def _refresh(self, tokens: Tokens) -> httpx.Request:
        return httpx.Request("POST", self.base_url + REFRESH, json={"refresh_token": tokens.refresh_token})

    def _take(self, answer: httpx.Response) -> None:
        if answer.is_success:
            self.use(Tokens.from_dict(answer.json()))
        elif answer.status_code == UNAUTHORIZED:
            self.use(None)


def create_api(session: Session) -> AuthenticatedClient:
    """The `client` for the functions of `rest.api`."""
    return AuthenticatedClient(session.base_url, token="", httpx_args={"auth": session})


def ok(answer: Response[T | Problem]) -> T:
    """What a call gave, by its `sync_detailed`. Raises ProblemError."""
    if isinstance(answer.parsed, Problem):
        raise ProblemError(answer.parsed)
    return answer.parsed  # type: ignore[return-value]  # None only where the type says so: an answer without a body
