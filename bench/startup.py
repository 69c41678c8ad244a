"""How long `make run` takes until /health/ready answers, in a fresh clone and again, and to stop.

    .venv/bin/python -m bench.startup

The first start is of a clone of what is committed here, without an environment, with the caches of this user
(run it twice: the first run fills them). The promises are 45 and 4 seconds on two quiet cores, and 3 to stop.
"""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from marketplace.embedded.clusters import discard_instance

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_and_stop(checkout: Path, instance: Path, stop: signal.Signals) -> tuple[float, float, str]:
    """Seconds until ready, and until it has ended after a signal while idle; the steps that it told."""
    port = free_port()
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        # As it is here, with what pip and proxies want to know.
        server = subprocess.Popen(
            ["make", "run"],
            cwd=checkout,
            env={**os.environ, "INSTANCE_PATH": str(instance), "PORT": str(port)},
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5):
                    break
            except OSError:  # nobody listens, it is not ready, or it is slow
                if server.poll() is not None or time.monotonic() - began > 600:
                    raise SystemExit("make run did not get ready") from None
                time.sleep(0.02)
        ready = time.monotonic() - began
        stopping = time.monotonic()
        if stop is signal.SIGINT:
            os.killpg(server.pid, stop)  # as a terminal sends it
        else:
            server.send_signal(stop)
        server.wait(60)
        output.seek(0)
        steps = "".join(line for line in output if line.startswith("["))
    return ready, time.monotonic() - stopping, steps


def main() -> None:
    """Print the starts."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        checkout, instance = Path(folder) / "checkout", Path(folder) / "instance"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        try:
            for name, stop in (
                ("first start, in a fresh clone", signal.SIGINT),
                ("second start", signal.SIGTERM),
                ("third start", signal.SIGTERM),
            ):
                ready, stopped, steps = start_and_stop(checkout, instance, stop)
                figures = f"ready in {ready:.2f} s, stopped by {stop.name} in {stopped:.2f} s"
                print(f"{steps}{name}: {figures}", flush=True)
        finally:
            discard_instance(instance)


main()
