"""What other domains may ask of the outside world."""

from collections.abc import Mapping
from typing import Protocol


class Mailer(Protocol):
    """Delivers e-mail."""

    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:
        """Deliver now. Reaches the network or the disk: call it outside a transaction, from an effect
        handler. `data` holds the bare values of the message (a token or code) for programs that read it.
        Raises OSError when it cannot be delivered; the outbox tries again.
        """
        ...


class SmsSender(Protocol):
    """Delivers text messages."""

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        """As `Mailer.send`; `to` is E.164."""
        ...
