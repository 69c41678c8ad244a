from typing import Any

class Request:
    method: str
    uri: str
    path: str
    query: str
    version: tuple[int, int]
    headers: list[tuple[str, str]]
    body: Any
    _expected_100_continue: bool
    _use_fast: bool
    def parse(self, unreader: Any) -> bytes: ...
