"""Adapters of calendars: addresses of calendars encrypted at rest."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from marketplace.blueprints.calendars.ports import AddressVault
from marketplace.config import Settings


class FernetVault(AddressVault):
    """Keys derived from SECRET_KEY: what an old one encrypted is lost when it changes (docs/operators.md)."""

    def __init__(self, settings: Settings) -> None:
        self._box = Fernet(base64.urlsafe_b64encode(_derive(settings.secret_key, "calendar")))
        self._key = _derive(settings.secret_key, "calendar_digest")

    def seal(self, url: str) -> bytes:
        return self._box.encrypt(url.encode())

    def open(self, sealed: bytes) -> str | None:
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken:
            return None

    def digest(self, url: str) -> bytes:
        return hmac.new(self._key, url.encode(), hashlib.sha256).digest()


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"calendars.{purpose}".encode(), hashlib.sha256).digest()
