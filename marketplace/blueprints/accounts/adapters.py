"""Passwords by Argon2id, tokens by JWT and HMAC."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime

import argon2
import jwt

from marketplace.blueprints.accounts.ports import AccessClaims
from marketplace.config import Settings
from marketplace.kernel.errors import Unauthenticated

ISSUER = "marketplace"
AUDIENCE = "marketplace-api"
ALGORITHM = "HS256"
MAX_TOKEN_LENGTH = 2048
LEEWAY_SECONDS = 5
_REFRESH = re.compile(r"([1-9][0-9]{0,17})\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}")


class ArgonHasher:
    """Argon2id with the parameters of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=settings.argon2_time_cost, memory_cost=settings.argon2_memory_cost, parallelism=1
        )

    def hash(self, password: str) -> str:
        """The encoded hash with its salt."""
        return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether `password` is the one; in the time that the stored parameters take."""
        try:
            return self._hasher.verify(password_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the stored hash has other parameters than the present ones."""
        return self._hasher.check_needs_rehash(password_hash)


class JwtTokens:
    """Access tokens are signed JWTs (RFC 8725: one algorithm, checked audience and type).

    Refresh tokens are `<session>.<secret>.<seal>`: the first secret is random, each next one derived from
    the token before it with the server's key. The seal shows that a token is ours even when nothing of it
    is stored any more, so that the reuse of an old one is told from a guess.
    """

    def __init__(self, settings: Settings) -> None:
        self._access_key = _derive(settings.secret_key, "access")
        self._refresh_key = _derive(settings.secret_key, "refresh")
        self._seal_key = _derive(settings.secret_key, "refresh-seal")
        self._life = settings.access_token_seconds

    def access(self, user_id: int, session_id: int, now: datetime) -> tuple[str, int]:
        """A new access token and its life in seconds."""
        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": session_id,
            "iat": issued,
            "exp": issued + self._life,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(claims, self._access_key, ALGORITHM, headers={"typ": "at+jwt"})
        return token, self._life

    def read_access(self, token: str, now: datetime) -> AccessClaims:
        """Raises Unauthenticated; the time is `now`, not this machine's."""
        try:
            if len(token) > MAX_TOKEN_LENGTH or jwt.get_unverified_header(token).get("typ") != "at+jwt":
                raise Unauthenticated("The access token is not valid")
            claims = jwt.decode(
                token,
                self._access_key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={
                    "require": ["exp", "iat", "sub", "sid", "aud", "iss"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            issued, expires = int(claims["iat"]), int(claims["exp"])
            found = AccessClaims(int(claims["sub"]), int(claims["sid"]), datetime.fromtimestamp(expires, UTC))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            raise Unauthenticated("The access token is not valid") from None
        if now.timestamp() >= expires:
            raise Unauthenticated("The access token has expired")
        if issued > now.timestamp() + LEEWAY_SECONDS:
            raise Unauthenticated("The access token is not valid yet")
        return found

    def new_secret(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)

    def first_refresh(self, session_id: int) -> str:
        """A new refresh token of a session."""
        return self._sealed(f"{session_id}.{self.new_secret()}")

    def session_of(self, token: str) -> int | None:
        """The session that a refresh token names; None for a text of another form."""
        found = _REFRESH.fullmatch(token)
        return int(found[1]) if found else None

    def is_ours(self, token: str) -> bool:
        """Whether the seal is this server's."""
        sealed = self._sealed(token.rpartition(".")[0])
        return hmac.compare_digest(sealed.encode(), token.encode())

    def next_refresh(self, token: str) -> str:
        """The successor of a refresh token; only this server can tell it."""
        return self._sealed(f"{token.partition('.')[0]}.{_mac(self._refresh_key, token)}")

    def _sealed(self, content: str) -> str:
        return f"{content}.{_mac(self._seal_key, content)}"

    def digest(self, token: str) -> bytes:
        """SHA-256: the tokens have 256 random bits, so a slow hash would add nothing."""
        return hashlib.sha256(token.encode()).digest()


def _mac(key: bytes, text: str) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"accounts.{purpose}".encode(), hashlib.sha256).digest()
