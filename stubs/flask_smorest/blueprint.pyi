from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import flask
from flask import Flask
from flask_smorest.arguments import ArgumentsMixin
from flask_smorest.etag import EtagMixin
from flask_smorest.pagination import PaginationMixin
from flask_smorest.response import ResponseMixin

_View = TypeVar("_View", bound=Callable[..., Any])

class Blueprint(flask.Blueprint, ArgumentsMixin, ResponseMixin, PaginationMixin, EtagMixin):
    HTTP_METHODS: ClassVar[list[str]]
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: ClassVar[dict[str, str]]
    DOCSTRING_INFO_DELIMITER: ClassVar[str | None]

    description: str
    _docs: dict[str, dict[str, Any]]
    _endpoints: list[str]
    _prepare_doc_cbks: list[Callable[..., dict[str, Any]]]

    def __init__(self, *args: Any, description: str = "", **kwargs: Any) -> None: ...
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        parameters: Sequence[Mapping[str, Any]] | None = None,
        tags: Sequence[str] | None = None,
        **options: Any,
    ) -> None: ...
    def route(
        self,
        rule: str,
        *,
        parameters: Sequence[Mapping[str, Any]] | None = None,
        tags: Sequence[str] | None = None,
        **options: Any,
    ) -> Callable[[_View], _View]: ...
    def register_views_in_doc(
        self,
        api: Any,
        app: Flask,
        spec: Any,
        *,
        name: str,
        parameters: Sequence[Mapping[str, Any]] | None,
    ) -> None: ...
    @staticmethod
    def doc(**kwargs: Any) -> Callable[[_View], _View]: ...
    def _store_endpoint_docs(
        self,
        endpoint: str,
        obj: Callable[..., Any],
        parameters: Sequence[Mapping[str, Any]] | None,
        tags: Sequence[str] | None,
        **options: Any,
    ) -> None: ...
