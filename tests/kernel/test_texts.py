"""Sentences with values: the English sentence in every respect, and a template for catalogs."""

import copy
import json
import pickle

from marketplace.kernel.texts import Text


def test_it_is_the_english_sentence() -> None:
    text = Text("Send at most {limit:,} files", limit=12_000)
    assert text == "Send at most 12,000 files"
    assert json.dumps([text]) == '["Send at most 12,000 files"]'
    assert (text.template, text.values) == ("Send at most {limit:,} files", {"limit": 12_000})


def test_without_values_braces_are_braces() -> None:
    assert Text('Send {"a": 1}') == 'Send {"a": 1}'


def test_values_are_not_read_as_templates() -> None:
    assert Text("The key {key} is odd", key="{limit}{0}") == "The key {limit}{0} is odd"


def test_copies_keep_the_template() -> None:
    text = Text("At most {limit}", limit=3)
    for twin in (copy.copy(text), copy.deepcopy([text])[0], pickle.loads(pickle.dumps(text))):
        assert (twin, twin.template, twin.values) == ("At most 3", "At most {limit}", {"limit": 3})


def test_of() -> None:
    text = Text("At most {limit}", limit=3)
    assert Text.of(text) is text
    assert Text.of("Plain").template == "Plain"
