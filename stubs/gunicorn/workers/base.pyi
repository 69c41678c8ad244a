from typing import Any

class Worker:
    pid: int
    app: Any
