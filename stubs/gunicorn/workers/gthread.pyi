from typing import Any

from gunicorn.workers.base import Worker

class ThreadWorker(Worker):
    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None: ...
