"""The rules of accounts: passwords, token life, who may edit what."""

from marketplace.blueprints.accounts.common_passwords import BASES

PASSWORD_MIN = 8
PASSWORD_MAX = 128
REFRESH_GRACE_SECONDS = 10
VERIFY_EMAIL_HOURS = 72

_LEET = str.maketrans("@43!10$57", "aaeiiosst")


def password_problems(password: str, *personal: str) -> list[str]:
    """Why `password` is refused; empty when it keeps the rule.

    The rule is the contract's (section 2): length, four kinds of characters, not a common password
    (docs/decisions/0004). `personal` are words such as the username that it must not consist of.
    """
    problems = []
    if len(password) < PASSWORD_MIN:
        problems.append(f"Use at least {PASSWORD_MIN} characters.")
    if len(password) > PASSWORD_MAX:
        problems.append(f"Use at most {PASSWORD_MAX} characters.")
    if not any(c.islower() for c in password):
        problems.append("Add a lower-case letter.")
    if not any(c.isupper() for c in password):
        problems.append("Add an upper-case letter.")
    if not any(c.isdigit() for c in password):
        problems.append("Add a digit.")
    if not any(not c.isalnum() for c in password):
        problems.append("Add a special character.")
    if not problems and _is_common(password, personal):
        problems.append("This password is easy to guess; choose another.")
    return problems


def _is_common(password: str, personal: tuple[str, ...]) -> bool:
    """Whether a common word with digits and signs around it is all there is (`P@ssw0rd!`, `Summer2024!`)."""
    known = BASES | {_letters(word) for word in personal if len(word) > 3}  # noqa: PLR2004 - short names say little
    lowered = password.lower()
    trimmed = lowered.strip("0123456789!@#$%^&*()-_=+.,;:?/\\|'\"`~<>[]{} ")
    candidates = {_letters(lowered), _letters(lowered.translate(_LEET)), _letters(trimmed.translate(_LEET))}
    # A long rest around the word is a password of its own.
    return any(word in known and len(password) - len(word) < PASSWORD_MIN for word in candidates if word)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())
