"""Catalogs: complete, true to the code, and read as Babel's tools write them."""

import re
from pathlib import Path

import pytest

from marketplace.kernel.texts import Text
from marketplace.testing.sentences import missing_translations, sentences_of
from marketplace.web.catalogs import LOCALES, Catalogs, read_catalog
from marketplace.web.hardened.fields import Hardened
from marketplace.web.hardened.schema import Schema
from scripts.catalogs import CALLED, PACKAGE, our_sentences, updated

# What people type, read in code or look up: the same in every language.
CODE = re.compile(
    r"`[^`]+`|\b(?:GET|POST|PUT|PATCH|DELETE) /[\w/{}-]+|\b[a-z]+_[a-z_]+\b|\b[A-Z]\w+-[A-Z]\w+\b|\{\w+",
    re.ASCII,
)
LANGUAGES = ("ar", "es")


def catalog(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


@pytest.fixture(scope="module")
def sentences() -> set[str]:
    return our_sentences()


def test_every_sentence_is_translated_and_no_other(sentences: set[str]) -> None:
    assert len(sentences) > 450
    assert missing_translations(PACKAGE, LOCALES, CALLED) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogs_are_in_the_form_that_the_command_writes(language: str, sentences: set[str]) -> None:
    path = catalog(language)
    assert path.read_bytes() == updated(path, language, sentences)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_code_stays_code(language: str) -> None:
    for sentence, translation in read_catalog(catalog(language)).items():
        assert set(CODE.findall(sentence)) - set(CODE.findall(translation)) == set(), sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_end_as_their_sentences_do(language: str) -> None:
    for sentence, translation in read_catalog(catalog(language)).items():
        assert sentence.endswith(".") is translation.endswith("."), sentence


def test_each_is_in_its_own_script() -> None:
    arabic, spanish = read_catalog(catalog("ar")), read_catalog(catalog("es"))
    assert [one for one in arabic.values() if not re.search("[\u0621-\u064a]{2}", one)] == []
    assert [one for one in spanish.values() if re.search("[\u0600-\u06ff]", one)] == []
    assert [one for one, translation in spanish.items() if translation == one] == []


def test_translation(tmp_path: Path) -> None:
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(
        'msgid "Points: {points}"\nmsgstr "Puntos: {points}"\n\n'
        'msgid "Because {reason}"\nmsgstr "Porque {reason}"\n\n'
        'msgid "no {kind}"\nmsgstr "no hay {kind}"\n\n'
        '#, fuzzy\nmsgid "Perhaps"\nmsgstr "Quizás"\n\n'
        'msgid "Unknown field."\nmsgstr "Nunca"\n',
        encoding="utf-8",
    )
    catalogs = Catalogs([LOCALES, tmp_path])
    assert catalogs.translate("Unknown field.", "es") == "Campo desconocido."  # the first folder counts
    assert catalogs.translate(Text("Points: {points}", points=7), "es") == "Puntos: 7"
    assert catalogs.translate(Text("Points: {points}", points=1_234_567), "es") == "Puntos: 1.234.567"
    inner = Text("no {kind}", kind="{points}")
    assert catalogs.translate(Text("Because {reason}", reason=inner), "es") == "Porque no hay {points}"
    assert catalogs.translate("Perhaps", "es") == "Perhaps"
    assert catalogs.translate("Points: 7", "ar") == "Points: 7"
    tree = {"json": {"Unknown field.": ["Unknown field.", 3, None]}, "n": 1}
    assert catalogs.translate_all(tree, "ar") == {
        "json": {"Unknown field.": ["حقل غير معروف.", 3, None]},
        "n": 1,
    }


@pytest.mark.parametrize("translation", ["{y}", "{}", "{x:,}", "{x", "{x.real.gone}", "{x:{y}}"])
def test_a_translation_that_does_not_fit_its_sentence_is_passed_over(
    tmp_path: Path, translation: str
) -> None:
    """A plugin brings it; an error in English is better than one that cannot be told at all."""
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(f'msgid "Up to {{x}}"\nmsgstr "{translation}"\n', encoding="utf-8")
    assert Catalogs([tmp_path]).translate(Text("Up to {x}", x=20_000), "es") == "Up to 20000"


def test_what_callers_send_is_no_template(tmp_path: Path) -> None:
    hostile = "{x} {0} {x.__class__} {{ %s %(x)s"
    folder = tmp_path / "es" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid "Not {x}"\nmsgstr "No {x}"\n', encoding="utf-8")
    assert Catalogs([tmp_path]).translate(Text("Not {x}", x=hostile), "es") == f"No {hostile}"
    assert Catalogs([tmp_path]).translate(Text("Not {x}", x=Text.of(hostile)), "es") == f"No {hostile}"


CODE_OF_A_PLUGIN = """
class PointsGone(Conflict):
    code = "points_gone"
    title = "The points are gone"
    remedy = "Collect more."

def pay(points):
    if points < 1:
        raise PointsGone(Text("At least {limit}", limit=1), errors={"json": {"points": ["Too few."]}})
    raise NotFound("No account" if points else "")
"""


def test_sentences_of_a_plugin(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text(CODE_OF_A_PLUGIN)
    wanted = {"The points are gone", "Collect more.", "At least {limit}", "No account"}
    assert sentences_of(tmp_path) == wanted
    assert sentences_of(tmp_path, {"PointsGone": slice(1)}) == wanted | {"Too few."}
    (tmp_path / "routes.py").write_text('raise Conflict(f"{limit} is too much")')
    with pytest.raises(TypeError, match=r"routes\.py:1: make this f-string a Text"):
        sentences_of(tmp_path)


def test_what_a_catalog_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text(
        'raise Conflict(Text("At least {limit}", limit=1))\nraise Conflict("Gone" if here else "Too many requests")'
    )
    for language, lines in {"es": 'msgid "At least {limit}"\nmsgstr "Al menos {n}"\n', "ar": ""}.items():
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        (folder / "messages.po").write_text(lines + '\nmsgid "Old"\nmsgstr "Viejo"\n')
    assert missing_translations(tmp_path, tmp_path) == [
        "ar: not translated: At least {limit}",
        "ar: not translated: Gone",
        "ar: nobody says: Old",
        "es: not translated: Gone",
        "es: nobody says: Old",
        "es: other placeholders: At least {limit}",
    ]


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_no_message_of_marshmallow_is_left(sentences: set[str]) -> None:
    """What its own fields and schemas say is replaced by ours."""
    messages: dict[str, str] = {}
    for kind in subclasses(Hardened):
        for base in reversed(kind.__mro__):
            messages |= getattr(base, "default_error_messages", {})
        assert {one for one in messages.values() if one not in sentences} == set(), kind
    assert set((Schema._default_error_messages | Schema.error_messages).values()) <= sentences
