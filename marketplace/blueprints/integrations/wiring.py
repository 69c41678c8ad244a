"""Builds senders and the file store by the settings."""

from dataclasses import dataclass

from marketplace.blueprints.integrations.adapters import OutboxFolder, OutboxMailer, OutboxSms, SmtpMailer
from marketplace.blueprints.integrations.pictures import Pictures
from marketplace.blueprints.integrations.ports import FileStore, Mailer, SmsSender
from marketplace.blueprints.integrations.storage import make_store
from marketplace.web.runtime import Runtime


@dataclass(frozen=True)
class Integrations:
    """The senders of the program, its file store, and what checks pictures."""

    mailer: Mailer
    sms: SmsSender
    files: FileStore
    pictures: Pictures


def build(parts: Runtime) -> Integrations:
    """SMTP when SMTP_URL is set, else the outbox folder; text messages by SMS_BACKEND."""
    outbox = OutboxFolder(parts.settings.instance_path / "outbox")
    mailer: Mailer = OutboxMailer(outbox)
    if parts.settings.smtp_url is not None:
        mailer = SmtpMailer(parts.settings.smtp_url, parts.settings.mail_from)
    return Integrations(
        mailer=mailer, sms=OutboxSms(outbox), files=make_store(parts.settings), pictures=Pictures()
    )
