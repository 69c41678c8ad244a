from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from webargs.flaskparser import FlaskParser

_View = TypeVar("_View", bound=Callable[..., Any])

class PaginationParameters:
    page: int
    page_size: int
    item_count: int | None

    def __init__(self, page: int, page_size: int) -> None: ...
    @property
    def first_item(self) -> int: ...
    @property
    def last_item(self) -> int: ...

class Page:
    collection: Sequence[Any]
    page_params: PaginationParameters

    def __init__(self, collection: Sequence[Any], page_params: PaginationParameters) -> None: ...
    @property
    def items(self) -> list[Any]: ...
    @property
    def item_count(self) -> int: ...

class PaginationMixin:
    PAGINATION_ARGUMENTS_PARSER: ClassVar[FlaskParser]
    PAGINATION_HEADER_NAME: ClassVar[str | None]
    DEFAULT_PAGINATION_PARAMETERS: ClassVar[dict[str, int]]

    def paginate(
        self,
        pager: type[Page] | None = None,
        *,
        page: int | None = None,
        page_size: int | None = None,
        max_page_size: int | None = None,
    ) -> Callable[[_View], _View]: ...
    def _prepare_pagination_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, spec: Any, **kwargs: Any
    ) -> dict[str, Any]: ...
