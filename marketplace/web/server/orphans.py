"""Ends a worker whose master was killed: nobody else would, and it holds the port."""

import logging
import os
import signal
import threading
from typing import Any

LOOK_SECONDS = 0.5
ORPHAN_SECONDS = 2.0
"""How long running requests may continue: long enough to tell sockets and to answer, but a new master
gets the port while it still tries (gunicorn: five times, a second apart)."""

log = logging.getLogger(__name__)
_never = threading.Event()


def end_with_master(worker: Any) -> None:
    """Watch the master of `worker` (gunicorn's ThreadWorker), from now until the process ends.

    gunicorn checks this itself, but then waits for open sockets and for its threads as long as they take.
    """
    threading.Thread(target=_watch, args=(worker,), name="master", daemon=True).start()


def _watch(worker: Any) -> None:
    while os.getppid() == worker.ppid:
        _never.wait(LOOK_SECONDS)
    log.warning("the master of this worker is gone; it ends")
    os.kill(os.getpid(), signal.SIGTERM)
    worker.method_queue.defer(_stop_listening, worker)
    _never.wait(ORPHAN_SECONDS)
    os._exit(1)


def _stop_listening(worker: Any) -> None:
    """Release the port in the main thread, before running requests are done."""
    worker.set_accept_enabled(False)
    for listener in worker.sockets:
        listener.close()
