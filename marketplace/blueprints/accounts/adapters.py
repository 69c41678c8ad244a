"""Adapters of accounts: passwords by Argon2id, tokens by JWT and HMAC, codes by TOTP."""

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import BoundedSemaphore

import argon2
import jwt
import pyotp
from cryptography.fernet import Fernet, InvalidToken

from marketplace.blueprints.accounts.policies import CODE_DIGITS
from marketplace.blueprints.accounts.ports.proofs import PasswordHasher, SentCode, TokenMaker, TotpCodes
from marketplace.config import Settings
from marketplace.database.production_checks import is_of_the_demo
from marketplace.kernel.errors import Unauthenticated, Unavailable
from marketplace.kernel.identity import AccessClaims

ISSUER = "marketplace"
AUDIENCE = "marketplace-api"
ALGORITHM = "HS256"
MAX_TOKEN_LENGTH = 2048
LEEWAY_SECONDS = 5
HASH_WAIT_SECONDS = 5
TOTP_ISSUER = "Marketplace"
TOTP_DRIFT = 1
"""Time steps of 30 seconds by which a user's clock may be wrong."""
_REFRESH = re.compile(r"([1-9][0-9]{0,17})\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}")


class ArgonHasher(PasswordHasher):
    """Argon2id with the parameters of the settings.

    At most half of the processors hash at the same time, so a crowd of log-ins cannot take all processors
    nor, at 19 MiB each, all memory (bench/authentication.py). In production the password of the demo fits
    nowhere: a server that runs does not see who seeds its database.
    """

    def __init__(self, settings: Settings) -> None:
        self._turns = BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))
        self._hasher = argon2.PasswordHasher(
            time_cost=settings.argon2_time_cost, memory_cost=settings.argon2_memory_cost, parallelism=1
        )
        self._is_production = settings.is_production

    def hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        with self._turn():
            try:
                fits = self._hasher.verify(password_hash, password)
            except (argon2.exceptions.VerifyMismatchError, argon2.exceptions.InvalidHashError):
                return False
        return fits and not (self._is_production and is_of_the_demo(password_hash))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=HASH_WAIT_SECONDS):
            raise Unavailable("Too many people are logging in right now; try again in a moment")
        try:
            yield
        finally:
            self._turns.release()

    def needs_rehash(self, password_hash: str) -> bool:
        # A hash of the demo stays as it is, with the salt that it is known by.
        return not is_of_the_demo(password_hash) and self._hasher.check_needs_rehash(password_hash)


class JwtTokens(TokenMaker):
    """Access tokens are signed JWTs (RFC 8725: one algorithm, checked audience and type).

    Refresh tokens are `<session>.<secret>.<seal>`: the first secret is random, each next one is derived from
    the token before it with the server's key. The seal shows that this server made the token even when
    nothing of it is stored any longer, which tells the reuse of an old token from a guess.
    """

    def __init__(self, settings: Settings) -> None:
        self._access_key = _derive(settings.secret_key, "access")
        self._refresh_key = _derive(settings.secret_key, "refresh")
        self._digest_key = _derive(settings.secret_key, "digest")
        self._code_key = _derive(settings.secret_key, "phone-code")
        self._seal_key = _derive(settings.secret_key, "refresh-seal")
        self._life = settings.access_token_seconds

    def access(
        self, user_id: int, session_id: int, now: datetime, seconds: int | None = None
    ) -> tuple[str, int]:
        issued = int(now.timestamp())
        life = seconds or self._life
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": session_id,
            "iat": issued,
            "exp": issued + life,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(claims, self._access_key, ALGORITHM, headers={"typ": "at+jwt"})
        return token, life

    def read_access(self, token: str, now: datetime) -> AccessClaims:
        try:
            if len(token) > MAX_TOKEN_LENGTH:
                raise Unauthenticated("The access token is not valid")
            found = jwt.decode_complete(
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
            if found["header"].get("typ") != "at+jwt":
                raise Unauthenticated("The access token is not valid")
            claims = found["payload"]
            issued, expires = int(claims["iat"]), int(claims["exp"])
            access = AccessClaims(
                int(claims["sub"]), int(claims["sid"]), datetime.fromtimestamp(expires, UTC)
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            raise Unauthenticated("The access token is not valid") from None
        if now.timestamp() >= expires:
            raise Unauthenticated("The access token has expired")
        if issued > now.timestamp() + LEEWAY_SECONDS:
            raise Unauthenticated("The access token is not valid yet")
        return access

    def new_secret(self) -> str:
        return secrets.token_urlsafe(32)

    def first_refresh(self, session_id: int) -> str:
        return self._sealed(f"{session_id}.{self.new_secret()}")

    def session_of(self, token: str) -> int | None:
        found = _REFRESH.fullmatch(token)
        return int(found[1]) if found else None

    def is_ours(self, token: str) -> bool:
        sealed = self._sealed(token.rpartition(".")[0])
        return hmac.compare_digest(sealed.encode(), token.encode())

    def next_refresh(self, token: str) -> str:
        return self._sealed(f"{token.partition('.')[0]}.{_mac(self._refresh_key, token)}")

    def _sealed(self, content: str) -> str:
        return f"{content}.{_mac(self._seal_key, content)}"

    def digest(self, token: str) -> bytes:
        # The tokens have 256 random bits, so a slow hash would add nothing.
        return hashlib.sha256(token.encode()).digest()

    def keyed_digest(self, purpose: str, text: str) -> bytes:
        # Somebody who has only the table cannot find the few possible values.
        return hmac.new(self._digest_key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()

    def phone_code(self, code: SentCode) -> str:
        # The digits follow from the nonce, as in RFC 4226, 5.3.
        content = f"{code.id}\0{code.version}\0{code.phone}\0{code.purpose}\0{code.user_id}\0".encode()
        digest = hmac.new(self._code_key, content + code.nonce, hashlib.sha256).digest()
        number = int.from_bytes(digest[:8]) % 10**CODE_DIGITS
        return f"{number:0{CODE_DIGITS}d}"


class PyotpCodes(TotpCodes):
    """TOTP by pyotp: 6 digits, 30 seconds, SHA-1, as the usual apps expect; the secret encrypted at rest."""

    def __init__(self, settings: Settings) -> None:
        key = base64.urlsafe_b64encode(_derive(settings.secret_key, "totp"))
        self._box = Fernet(key)

    def new_secret(self) -> tuple[str, bytes]:
        secret = pyotp.random_base32()
        return secret, self._box.encrypt(secret.encode())

    def address(self, secret: str, account: str) -> str:
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=TOTP_ISSUER)

    def matching_step(self, secret: bytes, code: str, now: datetime) -> int | None:
        try:
            totp = pyotp.TOTP(self._box.decrypt(secret).decode())
        except InvalidToken:
            # SECRET_KEY has changed, so what the old one encrypted is lost (docs/operators.md).
            return None
        present = int(now.timestamp()) // totp.interval
        found = None
        for step in range(present - TOTP_DRIFT, present + TOTP_DRIFT + 1):
            if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
                found = step
        return found


def _mac(key: bytes, text: str) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"accounts.{purpose}".encode(), hashlib.sha256).digest()
