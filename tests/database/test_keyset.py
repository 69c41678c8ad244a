"""Keyset pages: nothing twice, nothing left out, while rows come and go."""

import pytest
from sqlalchemy import func, insert, select

from marketplace.database.keyset import fetch_page
from marketplace.database.tables import JobRow
from marketplace.kernel.cursors import CursorSigner, InvalidCursor, fingerprint
from marketplace.kernel.pages import PageRequest

SIGNER = CursorSigner("secret")


@pytest.fixture
def add(runtime):
    """Adds jobs whose kinds are the given letters; the session to read them with is in `.session`."""

    def add(kinds):
        with runtime.uow as uow:
            uow.session.execute(insert(JobRow), [{"kind": kind, "payload": {}} for kind in kinds])

    add.session = runtime.uow.session
    return add


def pages(add, *, filters=None, **request):
    statement = select(JobRow.kind, JobRow.id).order_by(JobRow.kind, JobRow.id.desc())
    filters = filters or {}
    return fetch_page(add.session, statement, PageRequest(**request), SIGNER, name="test", filters=filters)


def kinds(page):
    return "".join(row.kind for row in page.items)


def test_forward_and_back(add):
    add("abcdefg")
    first = pages(add, limit=3)
    second = pages(add, limit=3, after=first.next)
    third = pages(add, limit=3, after=second.next)
    assert [kinds(page) for page in (first, second, third)] == ["abc", "def", "g"]
    assert (first.previous, third.next) == (None, None)
    back = pages(add, limit=3, before=third.previous)
    assert kinds(back) == "def"
    assert kinds(pages(add, limit=3, before=back.previous)) == "abc"
    assert kinds(pages(add, limit=3, after=back.next)) == "g"


def test_inserts_in_between_move_nothing(add):
    add("bdfh")
    first = pages(add, limit=2)
    add("aceg")
    second = pages(add, limit=2, after=first.next)
    assert (kinds(first), kinds(second)) == ("bd", "ef")
    rest = pages(add, limit=5, after=second.next)
    assert kinds(rest) == "gh"
    assert kinds(pages(add, limit=5, before=second.previous)) == "abcd"


def test_deletions_in_between(add):
    add("abcdef")
    first = pages(add, limit=3)
    for row in add.session.scalars(select(JobRow).where(JobRow.kind.in_(["c", "d"]))):
        add.session.delete(row)
    assert kinds(pages(add, limit=3, after=first.next)) == "ef"


def test_equal_keys_are_told_apart_by_the_last_column(add):
    add("aaaaabbbbb")
    seen, after = [], None
    while True:
        page = pages(add, limit=3, after=after)
        seen += [row.id for row in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 10


def test_one_query_a_page(add, assert_queries):
    add("abcdefg")
    with assert_queries(1):
        first = pages(add, limit=3)
    with assert_queries(1):
        pages(add, limit=3, after=first.next)


def test_an_empty_list(add):
    page = pages(add, limit=3)
    assert (page.items, page.next, page.previous) == ([], None, None)


@pytest.mark.parametrize("place", ["after", "before"])
@pytest.mark.parametrize("cursor", ["", "x", "a.b", "é", ">i:5", "WyJhIiwiYiJd.c2ln"])
def test_bent_cursors(add, place, cursor):
    with pytest.raises(InvalidCursor):
        pages(add, **{place: cursor})


def test_cursors_of_other_filters(add):
    add("abc")
    cursor = pages(add, limit=1, filters={"status": "dead"}).next
    assert kinds(pages(add, limit=1, filters={"status": "dead"}, after=cursor)) == "b"
    for filters in ({}, {"status": "done"}):
        with pytest.raises(InvalidCursor):
            pages(add, limit=1, filters=filters, after=cursor)


def test_cursors_of_the_other_direction(add):
    add("abc")
    page = pages(add, limit=1, after=pages(add, limit=1).next)
    with pytest.raises(InvalidCursor):
        pages(add, before=page.next)
    with pytest.raises(InvalidCursor):
        pages(add, after=page.previous)
    with pytest.raises(InvalidCursor, match="not both"):
        pages(add, after=page.next, before=page.previous)


@pytest.mark.parametrize(
    "position",
    [
        ">i:5",
        "[]",
        "{}",
        "5",
        '["n"]',
        '["n",5]',
        '["n","a",5,6]',
        '["n","a","b"]',
        '["n","a",null]',
        '["n",["a"],5]',
    ],
)
def test_signed_positions_of_another_shape(add, position):
    """As an older release may have given them out, whose sort was another."""
    add("abc")
    with pytest.raises(InvalidCursor):
        pages(add, after=SIGNER.dump(position, fingerprint("test", {})))


def test_expressions_sort_too(add):
    add("aBc")
    statement = select(JobRow.kind, JobRow.id).order_by(func.lower(JobRow.kind), JobRow.id)
    first = fetch_page(add.session, statement, PageRequest(limit=2), SIGNER, name="t", filters={})
    rest = fetch_page(
        add.session, statement, PageRequest(limit=2, after=first.next), SIGNER, name="t", filters={}
    )
    assert (kinds(first), kinds(rest)) == ("aB", "c")
