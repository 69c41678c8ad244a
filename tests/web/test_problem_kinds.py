"""The kinds of problems: each is explained, and a code means one status."""

import inspect
import re

import pytest
from flask import Flask

from marketplace.kernel.errors import AppError, Conflict
from marketplace.testing import CheckedClient
from marketplace.web.problem_kinds import (
    WITHOUT_CLASS,
    error_classes,
    example_of,
    get_kind,
    kinds_by_code,
    status_of_kind,
)

pytestmark = pytest.mark.usefixtures("app")  # loads all plugins, and so all classes


def named(kind: type[AppError]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def test_every_class_says_when_it_occurs_in_words_of_its_own() -> None:
    silent = {named(kind) for kind in error_classes() if "__doc__" not in vars(kind) or not kind.__doc__}
    assert silent == set()


def test_every_class_with_a_code_of_its_own_has_a_title_and_a_remedy() -> None:
    kinds = [kind for kind in error_classes() if "code" in vars(kind)]
    assert len(kinds) > 100
    assert {named(kind) for kind in kinds if not {"title", "remedy"} <= set(vars(kind))} == set()


@pytest.mark.parametrize("said", ["title", "when", "remedy"])
def test_sentences_stand_alone(said: str) -> None:
    for kind in kinds_by_code().values():
        for sentence in getattr(kind, said).split(" Or: "):
            assert re.match(r"[A-Z]", sentence), (kind.code, sentence)
            assert "\n" not in sentence
            assert "  " not in sentence
            assert sentence.endswith(".") is (said != "title"), (kind.code, sentence)
            if said == "when":
                assert len(sentence.split()) > 4, (kind.code, sentence)
                assert not re.search(r"\bthis (error|class)\b|Raised|Abstract", sentence), (
                    kind.code,
                    sentence,
                )


def test_a_code_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for kind in error_classes():
        statuses.setdefault(kind.code, set()).add(status_of_kind(kind))
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}
    assert {kind.code for kind in WITHOUT_CLASS} & set(statuses) == set()


def test_kinds_are_sorted_and_complete() -> None:
    codes = list(kinds_by_code())
    assert codes == sorted(set(codes))
    assert {kind.code for kind in error_classes()} | {kind.code for kind in WITHOUT_CLASS} == set(codes)


def test_what_tests_define_is_no_kind_of_the_program() -> None:
    class Odd(Conflict):
        """The test defines it."""

        code = "odd"

    assert "odd" not in kinds_by_code()
    assert inspect.getdoc(Odd)


def test_a_shared_code_gives_the_reasons_of_all(app: Flask) -> None:
    kinds = kinds_by_code()
    shared = kinds["own_service"]
    assert shared.when.count(" Or: ") == shared.remedy.count(" Or: ") == 1
    # The general error gives the title to those that only add a reason.
    assert kinds["unavailable"].when.startswith("Something that the program needs does not answer")
    assert kinds["not_found"].title == "There is no such resource"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "/api/v1/cities", "method_not_allowed"),
        ("GET", "/api/v1/services/999", "not_found"),
        ("GET", "/api/v1/cities?limit=101", "validation_failed"),
    ],
)
def test_an_example_is_like_a_real_answer(client: CheckedClient, method: str, path: str, code: str) -> None:
    answer = client.open(path, method=method).json
    example = example_of(get_kind(code))
    assert answer["type"].endswith(example["type"])
    changing = {"type", "request_id"}
    assert {key: answer[key] for key in answer.keys() - changing} == {
        key: example[key] for key in example.keys() - changing
    }
