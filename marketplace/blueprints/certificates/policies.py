"""The rules of certificates: dates, who may decide, and titles from file names."""

import unicodedata
from datetime import date, datetime, timedelta

from marketplace.blueprints.certificates.errors import OwnCertificate
from marketplace.blueprints.certificates.ports import CertificateRecord
from marketplace.kernel.characters import has_visible
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.texts import Text
from marketplace.kernel.zones import zone

PENDING, APPROVED, REJECTED = "pending", "approved", "rejected"

MAX_CERTIFICATES = 20
"""The limit for a performer, counting all statuses."""
MAX_TITLE = 200
DEFAULT_TITLE = "Certificate"
REMIND_BEFORE = timedelta(days=30)
EASTERNMOST = timedelta(hours=14)
"""The largest offset of a time zone, UTC+14."""

PUBLIC, OWNER, STAFF = "public", "owner", "staff"
"""The audiences that a link to a file can be made for."""


def local_day(now: datetime, timezone: str) -> date:
    """The present day for a performer."""
    return now.astimezone(zone(timezone)).date()


def latest_day(now: datetime) -> date:
    """The present day where the day begins first."""
    return (now + EASTERNMOST).date()


def is_over(expires_on: date | None, today: date) -> bool:
    """Whether a certificate is over. It is valid through its last day, and over when the next one begins."""
    return expires_on is not None and expires_on < today


def date_errors(issued_on: date | None, expires_on: date | None, today: date) -> dict[str, list[str]]:
    """The errors in the dates of a new certificate, by field."""
    errors: dict[str, list[str]] = {}
    if issued_on is not None and issued_on > today:
        errors["issued_on"] = [Text("This is in the future.")]
    if is_over(expires_on, today):
        errors["expires_on"] = [Text("This is over: send a certificate that is still good.")]
    elif issued_on is not None and expires_on is not None and expires_on <= issued_on:
        errors["expires_on"] = [Text("This must be after issued_on.")]
    return errors


def title_of(file_name: str | None) -> str:
    """The title of a certificate that came as a file alone: the file's name without folders and suffix."""
    name = (file_name or "").replace("\\", "/").rpartition("/")[2]
    stem, dot, _suffix = name.rpartition(".")
    stem = (stem if dot else name).replace("_", " ")
    # Characters that cannot be printed include those that change the direction of text.
    plain = "".join(char if char.isprintable() else " " for char in unicodedata.normalize("NFC", stem))
    title = " ".join(plain.split())[:MAX_TITLE].strip()
    return title if has_visible(title) else DEFAULT_TITLE


def objection(actor: Principal, certificate: CertificateRecord) -> AppError | None:
    """The reason why `actor` may not decide on `certificate`; None when there is none."""
    return OwnCertificate() if certificate.user_id == actor.user_id else None
