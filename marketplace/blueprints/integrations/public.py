"""The senders, for other domains."""

from marketplace.blueprints.integrations.ports import Mailer, SmsSender
from marketplace.blueprints.integrations.wiring import Integrations
from marketplace.web.runtime import Runtime

__all__ = ["Mailer", "SmsSender", "mailer", "sms"]


def mailer(parts: Runtime) -> Mailer:
    """The program's mailer."""
    return parts.get(Integrations).mailer


def sms(parts: Runtime) -> SmsSender:
    """The program's sender of text messages."""
    return parts.get(Integrations).sms
