"""Which language the caller reads, by Accept-Language; English is the fallback."""

from flask import has_request_context, request

from marketplace.web.translations import TITLES

LANGUAGES = ("en", "es", "ar")


def preferred_language() -> str:
    """One of LANGUAGES."""
    if not has_request_context():
        return "en"
    # By the primary language alone: whoever reads es-MX before en wants Spanish.
    wanted = ((tag.partition("-")[0].lower(), quality) for tag, quality in request.accept_languages)
    known = [(quality, language) for language, quality in wanted if language in LANGUAGES and quality > 0]
    return max(known, key=lambda item: item[0])[1] if known else "en"


def translated_title(code: str, title: str) -> str:
    """The title of the error `code` in the caller's language, `title` where there is no translation."""
    return TITLES.get(preferred_language(), {}).get(code, title)
