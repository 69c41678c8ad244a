# Types of flask-smorest 0.47, as far as they are used here.

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from apispec import APISpec, BasePlugin
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response
from flask_smorest.blueprint import Blueprint as Blueprint
from flask_smorest.error_handler import ErrorHandlerMixin as ErrorHandlerMixin
from flask_smorest.globals import current_api as current_api
from flask_smorest.pagination import Page as Page
from flask_smorest.spec.plugins import FlaskPlugin
from flask_smorest.utils import PrefixedMappingProxy
from webargs.flaskparser import abort as abort
from werkzeug.routing import BaseConverter

class Api(ErrorHandlerMixin):
    DEFAULT_ERROR_RESPONSE_NAME: ClassVar[str | None]
    DEFAULT_REQUEST_BODY_CONTENT_TYPE: ClassVar[str]
    DEFAULT_RESPONSE_CONTENT_TYPE: ClassVar[str]

    _app: Flask | None
    config_prefix: str
    config: PrefixedMappingProxy
    spec: APISpec
    flask_plugin: FlaskPlugin
    ma_plugin: MarshmallowPlugin

    def __init__(
        self,
        app: Flask | None = None,
        *,
        spec_kwargs: Mapping[str, Any] | None = None,
        config_prefix: str = "",
    ) -> None: ...
    def init_app(self, app: Flask, *, spec_kwargs: Mapping[str, Any] | None = None) -> None: ...
    def register_blueprint(
        self, blp: Blueprint, *, parameters: Sequence[Mapping[str, Any]] | None = None, **options: Any
    ) -> None: ...
    def register_converter(
        self, converter: type[BaseConverter], func: Callable[[Any], dict[str, Any]]
    ) -> None: ...
    def register_field(self, field: type, *args: Any) -> None: ...
    def _init_spec(
        self,
        *,
        flask_plugin: BasePlugin | None = None,
        marshmallow_plugin: MarshmallowPlugin | None = None,
        extra_plugins: Sequence[BasePlugin] | None = None,
        title: str | None = None,
        version: str | None = None,
        openapi_version: str | None = None,
        **options: Any,
    ) -> None: ...
    def _register_responses(self) -> None: ...
    def _register_doc_blueprint(self) -> None: ...
    def _openapi_json(self) -> Response: ...
