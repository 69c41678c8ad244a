"""Chooses the language of an answer by Accept-Language; English is the fallback."""

from functools import lru_cache
from typing import Any

from flask import Flask, current_app, has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from marketplace.web.catalogs import EXTENSION, Catalogs

ENGLISH = "en"
LANGUAGES = (ENGLISH, "es", "ar")
_USUAL = 200
"""The length of a header up to which its choice is remembered."""


def preferred_language() -> str:
    """One of LANGUAGES."""
    return language_of(request.environ.get("HTTP_ACCEPT_LANGUAGE", "")) if has_request_context() else ENGLISH


def language_of(accept_language: str) -> str:
    """The one of LANGUAGES that a header Accept-Language asks for."""
    # Clients send few different ones; a long one is no reason to forget them.
    return _known_choice(accept_language) if len(accept_language) <= _USUAL else _choice(accept_language)


def _choice(accept_language: str) -> str:
    accepted = parse_accept_header(accept_language, LanguageAccept)
    # By the primary language alone: a reader who prefers es-MX to en wants Spanish.
    wanted = ((tag.partition("-")[0].lower(), quality) for tag, quality in accepted)
    known = [(quality, language) for language, quality in wanted if language in LANGUAGES and quality > 0]
    return max(known, key=lambda item: item[0])[1] if known else ENGLISH


_known_choice = lru_cache(1_024)(_choice)


def translated(messages: Any, language: str | None = None) -> Any:
    """A sentence, or each in dicts and lists, in `language` or else in the caller's; English where there is
    no translation.
    """
    language = language or preferred_language()
    if language == ENGLISH:
        return messages
    catalogs: Catalogs = current_app.extensions[EXTENSION]
    return catalogs.translate_all(messages, language)


def told(app: Flask, accept_language: str | None, *sentences: str) -> tuple[str, list[str]]:
    """For answers outside Flask: the language that Accept-Language asks for, and `sentences` in it."""
    language = language_of(accept_language or "")
    catalogs: Catalogs = app.extensions[EXTENSION]
    return language, [catalogs.translate(sentence, language) for sentence in sentences]
