"""Builds mail, text messages, the file store and its checks, and the HTTP client from the settings."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused

from marketplace.config import Settings
from marketplace.database.slow_work import outside_transaction
from marketplace.kernel.clock import Clock
from marketplace.outside.addresses import AddressPolicy
from marketplace.outside.circuit_breaker import CircuitBreaker, GuardedMailer, GuardedSms
from marketplace.outside.documents import CheckedDocuments
from marketplace.outside.http_client import GuardedHttpClient
from marketplace.outside.ics_reader import ProcessCalendarReader, own_domain
from marketplace.outside.pictures import PillowPictures
from marketplace.outside.ports import (
    CalendarReader,
    Documents,
    FileStore,
    HttpClient,
    Mailer,
    Pictures,
    PrivateKind,
    PublicFolder,
    SmsSender,
)
from marketplace.outside.private_files import PrivateFiles
from marketplace.outside.public_files import PublicFiles
from marketplace.outside.senders import OutboxFolder, OutboxMailer, OutboxSms, SmtpMailer
from marketplace.outside.storage import make_store
from marketplace.outside.twilio import TwilioSms

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outside:
    """Mail and text messages, the file store, the checks of files and of who may see them, and requests to
    strangers.
    """

    mailer: Mailer
    sms: SmsSender
    files: FileStore
    pictures: Pictures
    documents: Documents
    private_files: PrivateFiles
    public_files: PublicFiles
    outbox: OutboxFolder
    http: HttpClient
    calendars: CalendarReader


def build_outside(
    settings: Settings,
    clock: Clock,
    release_connection: Callable[[], None],
    kinds: Iterable[PrivateKind],
    folders: Iterable[PublicFolder],
) -> Outside:
    """SMTP when SMTP_URL is set, else the outbox folder; text messages by SMS_BACKEND.
    `release_connection` ends the reads of a request before slow work; `kinds` and `folders` are contributions
    of domains.
    """
    outbox = OutboxFolder(settings.instance_path / "outbox")
    mailer: Mailer = OutboxMailer(outbox)
    if settings.smtp_url is not None:
        # A server that refuses one mail or recipient is working.
        smtp = CircuitBreaker("smtp", (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError))
        mailer = GuardedMailer(SmtpMailer(settings.smtp_url, settings.mail_from), smtp)
    files, pictures = (
        outside_transaction(make_store(settings), release_connection),
        outside_transaction(PillowPictures(), release_connection),
    )
    return Outside(
        mailer=mailer,
        sms=make_sms(settings),
        files=files,
        pictures=pictures,
        documents=outside_transaction(CheckedDocuments(pictures), release_connection),
        private_files=PrivateFiles(settings.secret_key, files, clock, kinds),
        public_files=PublicFiles(folders),
        outbox=outbox,
        http=outside_transaction(make_http(settings), release_connection),
        calendars=outside_transaction(
            ProcessCalendarReader(own_domain(settings.secret_key)), release_connection
        ),
    )


def make_http(settings: Settings) -> HttpClient:
    """The client for addresses that users gave, with the ports of FETCH_PORTS."""
    return GuardedHttpClient(AddressPolicy(frozenset(settings.fetch_ports), settings.fetch_private))


def make_sms(settings: Settings) -> SmsSender:
    """The sender of SMS_BACKEND: Twilio, or the outbox folder."""
    if settings.sms_backend == "twilio":
        twilio = TwilioSms(
            settings.twilio_account_sid,
            settings.twilio_auth_token,
            settings.sms_from,
            url=settings.twilio_url,
        )
        return GuardedSms(twilio, CircuitBreaker("twilio"))
    if settings.is_production:
        log.warning("SMS_BACKEND is outbox: one-time codes stay in files of this machine and reach nobody")
    return OutboxSms(OutboxFolder(settings.instance_path / "outbox"))
