"""E-mail addresses and phone numbers in one normal form each."""

import re
import unicodedata

import idna
import phonenumbers

MAX_EMAIL = 254
_MAX_LOCAL = 64
"""Characters before the @ (RFC 5321, 4.5.3.1.1)."""
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
PHONE_PATTERN = r"(?:\+|00)[0-9][0-9 ().-]{5,30}"
_PHONE = re.compile(PHONE_PATTERN)


def email_form(text: str) -> str | None:
    """ASCII, the domain in lower case and as IDNA 2008 (UTS 46, non-transitional: `straße.de` and
    `strasse.de` have two owners); None for text that is no address. Upper case before the @ stays as it was
    typed.
    """
    local, at, domain = text.rpartition("@")
    ascii_domain = domain_form(domain)
    if not at or ascii_domain is None or len(local) > _MAX_LOCAL or not _LOCAL.fullmatch(local):
        return None
    address = f"{local}@{ascii_domain}"
    return address if len(address) <= MAX_EMAIL else None


def domain_form(text: str) -> str | None:
    """A domain name of at least two labels as it is looked up; None for text that is none."""
    domain = text.lower() if text.isascii() else _as_ascii(text)
    if domain is None or not _DOMAIN.fullmatch(domain):
        return None
    if any(label.startswith("xn--") for label in domain.split(".")):
        # Whether typed or just made, an A-label is accepted only in its one canonical form.
        try:
            return domain if _as_ascii(idna.decode(domain)) == domain else None
        except (idna.IDNAError, UnicodeError):
            return None
    return domain


def _as_ascii(text: str) -> str | None:
    if len(text) > MAX_EMAIL:
        return None
    try:
        return idna.encode(text, uts46=True, std3_rules=True, transitional=False).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def phone_form(text: str) -> str | None:
    """E.164, of a number that begins with + or 00 and the country code; None for other text."""
    if not _PHONE.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(re.sub("^00", "+", text), None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def plain_name(text: str) -> str:
    """A username as it is compared: ASCII letters for their wide forms, in lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def address_form(text: str) -> str:
    """A login identifier as it is compared: an e-mail address in lower case, a phone number as E.164,
    anything else as `plain_name`.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    email = email_form(plain)
    if email is not None:
        return email.lower()
    return phone_form(plain) or plain.lower()


def searched_form(word: str) -> str:
    """A word of a staff search in the form that addresses have: `@münchen-bau.de` as its A-labels; other
    words unchanged.
    """
    local, at, domain = word.rpartition("@")
    found = None if domain.isascii() else domain_form(unicodedata.normalize("NFKC", domain))
    return word if found is None else f"{local}{at}{found}"
