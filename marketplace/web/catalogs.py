"""Translations of sentences, from the catalogs (`.po`) of the program and of plugins."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.pofile import read_po
from flask import Flask

from marketplace.kernel.texts import Text

LOCALES = Path(__file__).parent / "locales"
"""The program's own catalogs."""
EXTENSION = "marketplace_catalogs"
_GROUPED = 10_000
"""Numbers from here on are written with separators of thousands."""


class Catalogs:
    """The translations in folders such as `locales/es/LC_MESSAGES/messages.po`, each language read when it is
    first wanted. Of two translations of a sentence, that of the first folder counts.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._read: dict[str, dict[str, str]] = {}

    def translate(self, sentence: str, language: str) -> str:
        """`sentence` in `language`; itself where no catalog has it."""
        return _told(sentence, self._catalog(language), language)

    def translate_all(self, messages: Any, language: str) -> Any:
        """The same for each text in dicts and lists; keys stay as they are."""
        return _all_told(messages, self._catalog(language), language)

    def _catalog(self, language: str) -> dict[str, str]:
        # Two threads that read at the same time store the same.
        found = self._read.get(language)
        if found is None:
            found = self._read[language] = self._load(language)
        return found

    def _load(self, language: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder in self._folders:
            path = folder / language / "LC_MESSAGES" / "messages.po"
            if path.is_file():
                for sentence, translation in read_catalog(path).items():
                    found.setdefault(sentence, translation)
        return found


def _told(sentence: str, found: dict[str, str], language: str) -> str:
    if not isinstance(sentence, Text):
        return found.get(sentence, sentence)
    template = found.get(sentence.template)
    if template is None:
        return sentence
    if not sentence.values:
        return template
    values = {name: _shown(value, found, language) for name, value in sentence.values.items()}
    try:
        return template.format(**values)
    except (AttributeError, LookupError, TypeError, ValueError):
        # The catalog of a plugin may be wrong: its error is told in English rather than not at all.
        return sentence


def _shown(value: Any, found: dict[str, str], language: str) -> Any:
    if isinstance(value, Text):
        return _told(value, found, language)
    if isinstance(value, int) and value >= _GROUPED:
        return f"{value:,}".replace(",", Locale(language).number_symbols["latn"]["group"])
    return value


def _all_told(messages: Any, found: dict[str, str], language: str) -> Any:
    if isinstance(messages, str):
        return _told(messages, found, language)
    if isinstance(messages, dict):
        return {key: _all_told(value, found, language) for key, value in messages.items()}
    if isinstance(messages, list | tuple):
        return [_all_told(value, found, language) for value in messages]
    return messages


def read_catalog(path: Path) -> dict[str, str]:
    """The translations of a `.po` file by English sentence, without fuzzy and empty ones."""
    with path.open("rb") as file:
        catalog = read_po(file)
    return {
        message.id: message.string
        for message in catalog
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and message.id
        and message.string
        and not message.fuzzy
    }


def init_app(app: Flask, folders: Iterable[Path]) -> None:
    """Translate by the program's own catalogs and those in `folders`, which plugins bring."""
    app.extensions[EXTENSION] = Catalogs((LOCALES, *folders))
