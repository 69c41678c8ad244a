from collections.abc import Callable
from typing import Any

from apispec import BasePlugin
from werkzeug.routing import BaseConverter

class FlaskPlugin(BasePlugin):
    def register_converter(
        self, converter: type[BaseConverter], func: Callable[[Any], dict[str, Any]]
    ) -> None: ...
