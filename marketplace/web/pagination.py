"""Pages of collections: `{"items", "next", "previous"}` and a Link header (RFC 8288)."""

from functools import cache
from typing import Any
from urllib.parse import urlencode

from flask import request

from marketplace.kernel.cursors import MAX_LENGTH
from marketplace.kernel.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest
from marketplace.web.hardened import fields
from marketplace.web.hardened.schema import Schema, schema_name


class Cursor(fields.Str):
    """A cursor as received; the code that made it checks whether it is ours (`invalid_cursor`)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max=MAX_LENGTH, **options)

    def clean(self, text: str) -> str:
        """The text, altered or not."""
        return text


class PageQuery(Schema):
    """Query parameters of every collection; lists with filters extend it."""

    limit = fields.Int(
        load_default=DEFAULT_LIMIT,
        min=1,
        max=MAX_LIMIT,
        description="How many items at most",
    )
    after = Cursor(description="`next` of the page before the one wanted")
    before = Cursor(description="`previous` of the page after the one wanted")


def split_page(query: dict[str, Any]) -> tuple[PageRequest, dict[str, Any]]:
    """The wanted page, and the remaining filters."""
    filters = dict(query)
    page = PageRequest(
        limit=filters.pop("limit"), after=filters.pop("after", None), before=filters.pop("before", None)
    )
    return page, filters


@cache
def page_schema(item: type[Schema]) -> type[Schema]:
    """The schema of a page of `item`."""
    name = schema_name(item()).removesuffix("Schema") + "Page"
    made: type[Schema] = Schema.from_dict(  # type: ignore[assignment]  # from_dict makes a subclass of the class it is called on
        {
            "items": fields.List(fields.Nested(item), required=True, dump_only=True),
            "next": fields.Str(max=2048, required=True, allow_none=True, dump_only=True),
            "previous": fields.Str(max=2048, required=True, allow_none=True, dump_only=True),
        },
        name=name,
    )
    return made


def link_header(page: Page[Any]) -> str | None:
    """`Link` with the addresses of the neighbouring pages; None when there are none."""
    links = []
    for relation, key, cursor in (("next", "after", page.next), ("prev", "before", page.previous)):
        if cursor is not None:
            kept = [(k, v) for k, v in request.args.items(multi=True) if k not in {"after", "before"}]
            links.append(f'<{request.path}?{urlencode([*kept, (key, cursor)])}>; rel="{relation}"')
    return ", ".join(links) or None
