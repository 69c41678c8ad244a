from collections.abc import Iterable
from typing import Any

from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

class Parser:
    mesg_class: type[Request] | None
    unreader: Unreader
    def __init__(self, cfg: Any, source: Iterable[bytes], source_addr: Any) -> None: ...
    def __next__(self) -> Request: ...
    def finish_body(self) -> bool: ...

class RequestParser(Parser): ...
