"""Builds senders and the file store by the settings."""

import logging
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from marketplace.blueprints.integrations.adapters import OutboxFolder, OutboxMailer, OutboxSms, SmtpMailer
from marketplace.blueprints.integrations.breaker import Breaker, PatientMailer, PatientSms
from marketplace.blueprints.integrations.documents import Documents
from marketplace.blueprints.integrations.pictures import Pictures
from marketplace.blueprints.integrations.ports import FileStore, Mailer, SmsSender
from marketplace.blueprints.integrations.private_files import PrivateFiles
from marketplace.blueprints.integrations.public_files import PublicFiles
from marketplace.blueprints.integrations.storage import make_store
from marketplace.blueprints.integrations.twilio import TwilioSms
from marketplace.config import Settings
from marketplace.database.resting import resting
from marketplace.web.runtime import Runtime

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Integrations:
    """The senders of the program, its file store, and what checks what is stored there and who sees it."""

    mailer: Mailer
    sms: SmsSender
    files: FileStore
    pictures: Pictures
    documents: Documents
    private_files: PrivateFiles
    public_files: PublicFiles
    outbox: OutboxFolder


def build(parts: Runtime) -> Integrations:
    """SMTP when SMTP_URL is set, else the outbox folder; text messages by SMS_BACKEND."""
    outbox = OutboxFolder(parts.settings.instance_path / "outbox")
    mailer: Mailer = OutboxMailer(outbox)
    if parts.settings.smtp_url is not None:
        # A server that refuses one mail or recipient is well.
        smtp = Breaker("smtp", (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError))
        mailer = PatientMailer(SmtpMailer(parts.settings.smtp_url, parts.settings.mail_from), smtp)
    rest = parts.uow.rest
    files, pictures = resting(make_store(parts.settings), rest), resting(Pictures(), rest)
    return Integrations(
        mailer=mailer,
        sms=make_sms(parts.settings),
        files=files,
        pictures=pictures,
        documents=resting(Documents(pictures), rest),
        private_files=PrivateFiles(parts.settings.secret_key, files, parts.clock),
        public_files=PublicFiles(),
        outbox=outbox,
    )


def make_sms(settings: Settings) -> SmsSender:
    """By SMS_BACKEND: Twilio, or the outbox folder."""
    if settings.sms_backend == "twilio":
        twilio = TwilioSms(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.sms_from,
            url=settings.twilio_url,
        )
        return PatientSms(twilio, Breaker("twilio"))
    if settings.is_production:
        log.warning("SMS_BACKEND is outbox: one-time codes stay in files of this machine and reach nobody")
    return OutboxSms(OutboxFolder(settings.instance_path / "outbox"))
