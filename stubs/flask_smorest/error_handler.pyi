from typing import Any, ClassVar

import marshmallow as ma
from werkzeug.exceptions import HTTPException

class ErrorSchema(ma.Schema): ...

class ErrorHandlerMixin:
    ERROR_SCHEMA: ClassVar[type[ma.Schema]]

    def _register_error_handlers(self) -> None: ...
    def handle_http_exception(self, error: HTTPException) -> Any: ...
