"""The rules of accounts: passwords, lifetimes of tokens and codes, daily limits."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

import phonenumbers

from marketplace.blueprints.accounts.data import BASES
from marketplace.kernel.identity import ADMIN, MODERATOR
from marketplace.kernel.texts import Text
from marketplace.models.accounts import User

PASSWORD_MIN = 8
PASSWORD_MAX = 128
REFRESH_GRACE_SECONDS = 10
VERIFY_EMAIL_HOURS = 72
RESET_HOURS = 1
OLD_SESSIONS = timedelta(days=90)
"""How long an ended session is kept for the copy of its user's data."""
OLD_TOKENS = timedelta(days=30)
SESSION_LIFE = timedelta(days=180)
"""The longest life of a session, however often it is refreshed (contract, section 2)."""
UNCONFIRMED_LIFE = timedelta(days=30)
"""The time after sign-up in which an address must be confirmed before it is removed."""
LAPSE_BATCH = 500
NO_PASSWORD = "!"  # noqa: S105 - what no hash looks like, as in /etc/shadow
RESET_BY_PHONE = timedelta(minutes=10)
ACT_AS = timedelta(minutes=30)

CODE_DIGITS = 6
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
"""The limit of tries for a code, right or wrong (contract, section 2; ASVS 6.5)."""

TOTP_FAILURES = 10
TOTP_WINDOW = timedelta(hours=1)
"""The window of the limit on wrong second factors; at the limit, no factor is accepted until the window ends.
Anybody who reaches it already knows the password.
"""
RECOVERY_CODES = 10

KNOWN_ADDRESS = timedelta(days=30)
"""How long an address counts as one that the user signs in from."""


class StaffRole(StrEnum):
    """The staff roles."""

    MODERATOR = MODERATOR
    ADMIN = ADMIN


class CodePurpose(StrEnum):
    """What a code that anybody may ask for can be used for."""

    SIGN_IN = "sign_in"
    VERIFY_PHONE = "verify_phone"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose


@dataclass(frozen=True)
class Allowance:
    """A daily limit (UTC). Everybody may use `strangers` of `total`; the rest is kept for addresses that the
    owner signs in from, so that nobody can lock the owner out.
    """

    total: int
    strangers: int


PICTURE_UNIT = 1_000
"""The unit in which daily limits count pictures, in pixels."""
PICTURES = 1_500_000
"""Units of pictures that a user may have processed in a day: a portfolio of thirty and twenty certificates,
all of them photographs of 24 million pixels. About a minute of work.
"""
PICTURES_UNVERIFIED = 100_000
"""The same for users who have confirmed no address: enough for avatars."""
FAILED_LOGINS = Allowance(total=200, strangers=100)
"""Wrong passwords for one account."""
RESET_MAILS = Allowance(total=10, strangers=5)
"""Mails for a forgotten password to one address."""
CODES_PER_PHONE = Allowance(total=10, strangers=5)
MAILS_PER_USER = 10
"""Mails that confirm an address, to one user."""
MAILS_PER_ADDRESS = 20
"""The same to one address, which any number of strangers may write into a form."""

_LEET = str.maketrans("@43!10$57", "aaeiiosst")


def region_of(phone: str) -> str:
    """The country or region of an E.164 number: `DE`, or `+883` where there is none."""
    number = phonenumbers.parse(phone, None)
    return phonenumbers.region_code_for_number(number) or f"+{number.country_code}"


_COSTLY = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.UAN,
}


def network_of(ip: str) -> str:
    """The network of an address: one IPv6 subscriber has a whole /64."""
    try:
        found = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or ip_network(f"{found}/64", strict=False))
    return ip


def is_costly(phone: str) -> bool:
    """Whether a call or text to the number costs more than usual: the business of SMS pumping."""
    return phonenumbers.number_type(phonenumbers.parse(phone, None)) in _COSTLY


def is_proven(user: User) -> bool:
    """Whether the owner has confirmed an address."""
    return user.email_verified or user.phone_verified


def may_prove(*, proven: bool, other_proven: bool) -> bool:
    """Whether having an address (e-mail or phone) proves who owns the account: it does when the owner
    confirmed this address, or confirmed none. An address that was mistyped at sign-up must not open an
    account whose owner confirmed the other one.
    """
    return proven or not other_proven


def holds(user: User, address: str) -> bool:
    """Whether the account has `address` and `may_prove` holds for it."""
    if address == user.email:
        return may_prove(proven=user.email_verified, other_proven=user.phone_verified)
    return address == user.phone and may_prove(proven=user.phone_verified, other_proven=user.email_verified)


def password_problems(password: str, *personal: str) -> list[str]:
    """The reasons to refuse `password`; empty when it keeps the rule.

    The rule is the contract's (section 2): length, four kinds of characters, not a common password
    (docs/decisions/0004). The password must not consist of `personal` words such as the username.
    """
    problems: list[str] = []
    if len(password) < PASSWORD_MIN:
        problems.append(Text("Use at least {limit} characters.", limit=PASSWORD_MIN))
    if len(password) > PASSWORD_MAX:
        problems.append(Text("Use at most {limit} characters.", limit=PASSWORD_MAX))
    if not any(c.islower() for c in password):
        problems.append(Text("Add a lower-case letter."))
    if not any(c.isupper() for c in password):
        problems.append(Text("Add an upper-case letter."))
    if not any(c.isdigit() for c in password):
        problems.append(Text("Add a digit."))
    if not any(_is_other(c) for c in password):
        problems.append(Text("Add a special character."))
    if not problems and _is_common(password, personal):
        problems.append(Text("This password is easy to guess; choose another."))
    return problems


def _is_other(character: str) -> bool:
    """Whether it is none of the other three kinds: a sign, a blank, or a letter of a script without case."""
    return not (character.islower() or character.isupper() or character.isdigit())


def _is_common(password: str, personal: tuple[str, ...]) -> bool:
    """Whether it is only a common word with digits and signs around it (`P@ssw0rd!`, `Summer2024!`)."""
    known = BASES | {_letters(word) for word in personal if len(word) > 3}  # noqa: PLR2004 - short names say little
    lowered = password.lower()
    trimmed = lowered.strip("0123456789!@#$%^&*()-_=+.,;:?/\\|'\"`~<>[]{} ")
    candidates = {_letters(lowered), _letters(lowered.translate(_LEET)), _letters(trimmed.translate(_LEET))}
    # A long rest around the word is a password in itself.
    return any(word in known and len(password) - len(word) < PASSWORD_MIN for word in candidates if word)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())
