"""Which language the caller reads, by Accept-Language; English is the fallback."""

from flask import has_request_context, request

from marketplace.web.translations import TITLES

LANGUAGES = ("en", "es", "ar")


def preferred_language() -> str:
    """One of LANGUAGES."""
    if not has_request_context():
        return "en"
    return request.accept_languages.best_match(LANGUAGES, default="en") or "en"


def translated_title(code: str, title: str) -> str:
    """The title of the error `code` in the caller's language, `title` where there is no translation."""
    return TITLES.get(preferred_language(), {}).get(code, title)
