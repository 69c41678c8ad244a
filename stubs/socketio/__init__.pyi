from collections.abc import Iterator
from typing import Any

class Manager:
    server: Any
    def initialize(self) -> None: ...

class PubSubManager(Manager):
    name: str
    host_id: str
    channel: str
    def __init__(
        self, channel: str = ..., write_only: bool = ..., logger: Any = ..., json: Any = ...
    ) -> None: ...
    def emit(self, event: str, data: Any, namespace: str | None = ..., **kwargs: Any) -> None: ...
    def _publish(self, data: dict[str, Any]) -> None: ...
    def _listen(self) -> Iterator[Any]: ...
    def _thread(self) -> None: ...
    def _handle_emit(self, message: dict[str, Any]) -> None: ...

class RedisManager(PubSubManager):
    def __init__(
        self,
        url: str = ...,
        channel: str = ...,
        write_only: bool = ...,
        logger: Any = ...,
        json: Any = ...,
        redis_options: dict[str, Any] | None = ...,
    ) -> None: ...

class Namespace:
    namespace: str
    def __init__(self, namespace: str | None = ...) -> None: ...
