from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import marshmallow as ma

_View = TypeVar("_View", bound=Callable[..., Any])

class ResponseMixin:
    def response(
        self,
        status_code: int | str,
        schema: type[ma.Schema] | ma.Schema | str | Mapping[str, Any] | None = None,
        *,
        content_type: str | None = None,
        description: str | None = None,
        example: Any = None,
        examples: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> Callable[[_View], _View]: ...
    def alt_response(
        self,
        status_code: int | str,
        response: str | None = None,
        *,
        schema: type[ma.Schema] | ma.Schema | str | Mapping[str, Any] | None = None,
        content_type: str | None = None,
        description: str | None = None,
        example: Any = None,
        examples: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        success: bool = False,
    ) -> Callable[[_View], _View]: ...
    @staticmethod
    def _make_doc_response_schema(schema: Any) -> Any: ...
    @staticmethod
    def _prepare_response_content(data: Any) -> Any: ...
    def _prepare_response_doc(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, api: Any, spec: Any, **kwargs: Any
    ) -> dict[str, Any]: ...
