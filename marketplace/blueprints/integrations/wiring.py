"""Builds the senders by the settings."""

from dataclasses import dataclass

from marketplace.blueprints.integrations.adapters import OutboxFolder, OutboxMailer, OutboxSms, SmtpMailer
from marketplace.blueprints.integrations.ports import Mailer, SmsSender
from marketplace.web.runtime import Runtime


@dataclass(frozen=True)
class Integrations:
    """The senders of the program."""

    mailer: Mailer
    sms: SmsSender


def build(parts: Runtime) -> Integrations:
    """SMTP when SMTP_URL is set, else the outbox folder; text messages by SMS_BACKEND."""
    outbox = OutboxFolder(parts.settings.instance_path / "outbox")
    mailer: Mailer = OutboxMailer(outbox)
    if parts.settings.smtp_url is not None:
        mailer = SmtpMailer(parts.settings.smtp_url, parts.settings.mail_from)
    return Integrations(mailer=mailer, sms=OutboxSms(outbox))
