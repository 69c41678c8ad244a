"""The rules of certificates: their dates, who may decide, and what is made of a file's name."""

import unicodedata
from datetime import date, datetime, timedelta

from marketplace.blueprints.performers.certificate_ports import CertificateRecord
from marketplace.blueprints.performers.errors import OwnCertificate
from marketplace.kernel.characters import has_visible
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.kernel.zones import zone

PENDING, APPROVED, REJECTED = "pending", "approved", "rejected"

MAX_CERTIFICATES = 20
"""A performer has so many at most, whatever their status."""
MAX_TITLE = 200
DEFAULT_TITLE = "Certificate"
REMIND_BEFORE = timedelta(days=30)
EASTERNMOST = timedelta(hours=14)
"""Nowhere is it later than UTC+14."""

PUBLIC, OWNER, STAFF = "public", "owner", "staff"
"""Whom a link to a file was made for."""


def local_day(now: datetime, timezone: str) -> date:
    """Which day it is for a performer."""
    return now.astimezone(zone(timezone)).date()


def latest_day(now: datetime) -> date:
    """The day that it is where the day is furthest on."""
    return (now + EASTERNMOST).date()


def is_over(expires_on: date | None, today: date) -> bool:
    """A certificate is good through its last day: it ends when the next one begins."""
    return expires_on is not None and expires_on < today


def date_errors(issued_on: date | None, expires_on: date | None, today: date) -> dict[str, list[str]]:
    """What is wrong with the dates of a new certificate, by field."""
    errors: dict[str, list[str]] = {}
    if issued_on is not None and issued_on > today:
        errors["issued_on"] = ["This is in the future."]
    if is_over(expires_on, today):
        errors["expires_on"] = ["This is over: send a certificate that is still good."]
    elif issued_on is not None and expires_on is not None and expires_on <= issued_on:
        errors["expires_on"] = ["This must be after issued_on."]
    return errors


def title_of(file_name: str | None) -> str:
    """What a certificate is called that came with nothing but a file: the name without folders and suffix."""
    name = (file_name or "").replace("\\", "/").rpartition("/")[2]
    stem, dot, _suffix = name.rpartition(".")
    stem = (stem if dot else name).replace("_", " ")
    # Among what cannot be printed is what turns the direction of text.
    plain = "".join(char if char.isprintable() else " " for char in unicodedata.normalize("NFC", stem))
    title = " ".join(plain.split())[:MAX_TITLE].strip()
    return title if has_visible(title) else DEFAULT_TITLE


def objection(actor: Principal, certificate: CertificateRecord) -> AppError | None:
    """Why `actor` may not decide on `certificate`; None when that is fine."""
    return OwnCertificate() if certificate.user_id == actor.user_id else None
