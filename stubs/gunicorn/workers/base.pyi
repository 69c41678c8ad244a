from types import FrameType
from typing import Any

class Worker:
    pid: int
    app: Any
    def handle_exit(self, sig: int, frame: FrameType | None) -> None: ...
    def handle_quit(self, sig: int, frame: FrameType | None) -> None: ...
