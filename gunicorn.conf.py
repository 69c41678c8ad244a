"""How gunicorn serves the program: threads for REST and moderate chat, one process unless Redis is there."""

import atexit
import gc
import signal
import sys
import threading
from types import FrameType

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from prometheus_client import multiprocess

from marketplace.assembly import start_serving, stop_serving
from marketplace.config import ConfigError, load_settings
from marketplace.database.production_checks import refuse_unsafe
from marketplace.web.hardened.requests import MAX_JSON_BYTES
from marketplace.web.observability import metrics_files
from marketplace.web.observability.logs import GunicornLogger, configure_logging
from marketplace.web.server.arrival import BodyLimits
from marketplace.web.server.orphans import end_with_master
from marketplace.web.server.worker import Limits, make_worker_class

try:
    settings = load_settings()
    configure_logging(settings)
    if settings.is_production:
        refuse_unsafe(settings)
except ConfigError as error:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(1) from None

# Python would collect the whole program before it ends, in the master and in each worker: 1 to 2 s.
atexit.register(gc.freeze)

metrics_folder = metrics_files.share()

wsgi_app = "wsgi:app"
bind = settings.address
workers = settings.web_concurrency
worker_class = make_worker_class(  # a gthread whose threads wait for nobody
    Limits(
        head_seconds=settings.head_timeout,
        body_seconds=settings.body_timeout,
        send_seconds=settings.send_timeout,
        bodies=BodyLimits(form=settings.max_upload_bytes, other=MAX_JSON_BYTES),
    )
)
threads = settings.threads
# Far above `threads`: who is idle, unfinished or slow holds none. Beyond that, one gives way to another.
worker_connections = settings.threads * 2 + 1000
graceful_timeout = settings.graceful_timeout
timeout = 60  # a heartbeat only, for this class of worker; statements have their own limits of time
keepalive = settings.keepalive
# Nobody is believed by its address: what proxies say is read by ProxyFix, as far as PROXY_HOPS says.
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
http_parser = (
    "auto"  # gunicorn_h1c where it is installed, for heads without a body (web/server/connection.py)
)
limit_request_line = 8190
limit_request_fields = 100
preload_app = False
control_socket_disable = True
logger_class = GunicornLogger
proc_name = "marketplace"


def post_worker_init(worker: Worker) -> None:
    """Start what runs beside the requests; at the end close the sockets, whose threads would hold it up."""
    app = worker.app.callable
    start_serving(app)

    def close_first(number: int) -> None:
        stop = signal.getsignal(number)
        assert callable(stop)

        def close(received: int, frame: FrameType | None) -> None:
            threading.Thread(target=stop_serving, args=(app,), name="closing").start()
            stop(received, frame)

        signal.signal(number, close)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        close_first(number)
    end_with_master(worker)


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Forget the gauges of a process that is gone."""
    if metrics_folder is not None:
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # prometheus_client leaves it unannotated


def on_exit(_server: Arbiter) -> None:
    """Leave nothing behind."""
    metrics_files.forget(metrics_folder)
