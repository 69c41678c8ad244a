"""How long `make run` takes until /health/ready answers: on an empty instance folder, and again.

    .venv/bin/python -m bench.startup

The virtual environment is there already. The promise is a second start under 5 seconds.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from marketplace.database.homes import discard_instance

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_and_stop(instance: str) -> tuple[float, float]:
    """Seconds until ready, and until nothing runs any more after Ctrl-C."""
    port = free_port()
    began = time.monotonic()
    server = subprocess.Popen(
        ["make", "run"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_PATH": instance, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                break
        except (urllib.error.URLError, ConnectionError):
            if server.poll() is not None or time.monotonic() - began > 120:
                raise SystemExit("make run did not get ready") from None
            time.sleep(0.02)
    ready = time.monotonic() - began
    stopping = time.monotonic()
    os.killpg(server.pid, signal.SIGINT)
    server.wait(60)
    return ready, time.monotonic() - stopping


def main() -> None:
    """Print both starts."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        for name in ("first start (database made, 34,000 cities loaded)", "second start", "third start"):
            ready, stopped = start_and_stop(f"{folder}/instance")
            print(f"{name}: ready in {ready:.2f} s, stopped in {stopped:.2f} s")
        discard_instance(Path(folder) / "instance")


main()
