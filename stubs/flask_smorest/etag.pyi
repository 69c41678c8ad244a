from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import marshmallow as ma

_View = TypeVar("_View", bound=Callable[..., Any])

class EtagMixin:
    METHODS_CHECKING_NOT_MODIFIED: ClassVar[list[str]]
    METHODS_NEEDING_CHECK_ETAG: ClassVar[list[str]]
    METHODS_ALLOWING_SET_ETAG: ClassVar[list[str]]
    ETAG_INCLUDE_HEADERS: ClassVar[list[str]]

    def etag(self, obj: _View) -> _View: ...
    def check_etag(self, etag_data: Any, etag_schema: type[ma.Schema] | ma.Schema | None = None) -> None: ...
    def set_etag(self, etag_data: Any, etag_schema: type[ma.Schema] | ma.Schema | None = None) -> None: ...
    def _prepare_etag_doc(
        self,
        doc: dict[str, Any],
        doc_info: dict[str, Any],
        *,
        api: Any,
        spec: Any,
        method: str,
        **kwargs: Any,
    ) -> dict[str, Any]: ...
