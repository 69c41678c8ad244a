"""Commands of operations."""

import signal
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from marketplace.web.background import make_worker


@click.command("worker")
@click.option("--threads", type=click.IntRange(1, 64), help="Default: WORKER_THREADS.")
@with_appcontext
def worker(threads: int | None) -> None:
    """Run background work until SIGTERM or Ctrl-C, which let the jobs at hand finish."""
    running = make_worker(current_app._get_current_object(), threads)  # type: ignore[attr-defined]  # noqa: SLF001 - Flask's documented way to the object

    def stop(_number: int, _frame: FrameType | None) -> None:
        running.ask_to_stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running.start()
    running.run_until_stopped()
    running.stop()
