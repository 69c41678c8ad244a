"""Keyset pages: sqlakeyset finds the rows, our signature keeps its bookmarks from being bent."""

from collections.abc import Mapping
from typing import Any

from sqlakeyset import InvalidPage, Marker, select_page, unserialize_bookmark
from sqlalchemy import Row, Select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from marketplace.kernel.cursors import CursorSigner, InvalidCursor, fingerprint
from marketplace.kernel.pages import Page, PageRequest


def fetch_page(
    session: Session,
    statement: Select[Any],
    request: PageRequest,
    signer: CursorSigner,
    *,
    name: str,
    filters: Mapping[str, Any],
) -> Page[Row[Any]]:
    """One page of `statement`, in one query.

    The statement's ORDER BY must be total (end in a unique column) and free of NULLs (`coalesce`),
    or rows are lost. `name` and `filters` (sort included) bind the cursors to this list.
    Raises InvalidCursor.
    """
    bound_to = fingerprint(name, filters)
    if request.after is not None and request.before is not None:
        raise InvalidCursor("Send after or before, not both")
    cursor = request.before if request.after is None else request.after
    marker = None if cursor is None else _marker(signer.load(cursor, bound_to))
    if marker is not None and marker.backwards != (request.before is not None):
        raise InvalidCursor("Use next with after, and previous with before")
    try:
        found = select_page(session, statement, per_page=request.limit, page=marker)
    except (InvalidPage, DataError):
        if marker is None:
            raise
        # Signed by an older release, whose sort had other columns or types.
        raise InvalidCursor from None
    paging = found.paging
    return Page(
        items=list(found),
        next=signer.dump(paging.bookmark_next, bound_to) if paging.has_next else None,
        previous=signer.dump(paging.bookmark_previous, bound_to) if paging.has_previous else None,
    )


def _marker(position: str) -> Marker:
    """The place that a cursor stands for. Raises InvalidCursor for what an older release wrote otherwise."""
    try:
        return unserialize_bookmark(position)
    except InvalidPage:
        raise InvalidCursor from None
