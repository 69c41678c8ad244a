"""Cursors: only those that a list gave out for the same filters."""

import pytest
from hypothesis import given, strategies as st

from marketplace.kernel.cursors import MAX_LENGTH, CursorSigner, InvalidCursor, fingerprint

SIGNER = CursorSigner("a secret")
LIST = fingerprint("jobs", {"status": "dead"})


def test_round_trip():
    assert SIGNER.load(SIGNER.dump(">i:5", LIST), LIST) == ">i:5"


def test_equal_filters_have_one_fingerprint():
    assert fingerprint("a", {"x": 1, "y": None}) == fingerprint("a", {"x": 1})
    assert fingerprint("a", {"x": 1, "y": 2}) == fingerprint("a", {"y": 2, "x": 1})
    assert len({fingerprint("a", {}), fingerprint("b", {}), fingerprint("a", {"x": 1})}) == 3


@pytest.mark.parametrize(
    "bound_to", [fingerprint("jobs", {"status": "done"}), fingerprint("events", {"status": "dead"})]
)
def test_cursor_of_another_list(bound_to):
    with pytest.raises(InvalidCursor):
        SIGNER.load(SIGNER.dump(">i:5", LIST), bound_to)


def test_cursor_of_another_secret():
    with pytest.raises(InvalidCursor):
        SIGNER.load(CursorSigner("another").dump(">i:5", LIST), LIST)


def test_every_bent_character_is_noticed():
    cursor = SIGNER.dump(">i:5", LIST)
    for index, character in enumerate(cursor):  # the last one has bits that base64 ignores
        bent = cursor[:index] + ("A" if character != "A" else "B") + cursor[index + 1 :]
        with pytest.raises(InvalidCursor):
            SIGNER.load(bent, LIST)


@pytest.mark.parametrize(
    "bent", ["{}=", "{}==", " {}", "{} ", "{}\n", "\t{}", "{}.", ".{}", "{}\u200b", "{}+"]
)
def test_what_base64_or_a_field_would_overlook(bent):
    cursor = SIGNER.dump(">i:5", LIST)
    halves = cursor.rpartition(".")
    for text in (bent.format(cursor), bent.format(halves[0]) + "." + halves[2]):
        with pytest.raises(InvalidCursor):
            SIGNER.load(text, LIST)


@given(st.text(max_size=200))
def test_any_text_is_refused_politely(text):
    with pytest.raises(InvalidCursor):
        SIGNER.load(text, LIST)


def test_long_cursors_are_not_read():
    with pytest.raises(InvalidCursor):
        SIGNER.load("a" * (MAX_LENGTH + 1), LIST)


def test_signed_positions_of_another_type():
    for content in ([LIST, 5], [LIST], {"a": 1}, "text", [LIST, "a", "b"], None):
        with pytest.raises(InvalidCursor):
            SIGNER.load(str(SIGNER._serializer.dumps(content)), LIST)
