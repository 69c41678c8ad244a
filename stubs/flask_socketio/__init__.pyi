import logging
from collections.abc import Callable, Sequence
from typing import Any

import socketio
from flask import Flask
from flask.testing import FlaskClient

class SocketIO:
    server: Any
    def __init__(self, app: Flask | None = ..., **kwargs: Any) -> None: ...
    def init_app(
        self,
        app: Flask,
        *,
        async_mode: str = ...,
        client_manager: socketio.Manager | None = ...,
        cors_allowed_origins: Callable[[str | None, dict[str, Any]], bool] | Sequence[str] | str | None = ...,
        async_handlers: bool = ...,
        transports: Sequence[str] | None = ...,
        ping_interval: int = ...,
        ping_timeout: int = ...,
        max_http_buffer_size: int = ...,
        manage_session: bool = ...,
        cors_credentials: bool = ...,
        logger: logging.Logger | bool = ...,
        engineio_logger: logging.Logger | bool = ...,
        path: str = ...,
    ) -> None: ...
    def on_namespace(self, namespace_handler: Namespace) -> None: ...
    def emit(
        self, event: str, *args: Any, namespace: str = ..., to: str | None = ..., **kwargs: Any
    ) -> None: ...
    def test_client(
        self,
        app: Flask,
        namespace: str | None = ...,
        auth: dict[str, Any] | None = ...,
        flask_test_client: FlaskClient | None = ...,
        **kwargs: Any,
    ) -> SocketIOTestClient: ...

class SocketIOTestClient:
    eio_sid: str
    def __getattr__(self, name: str) -> Any: ...

class Namespace(socketio.Namespace):
    socketio: SocketIO
    def __init__(self, namespace: str | None = ...) -> None: ...
    def trigger_event(self, event: str, *args: Any) -> Any: ...
