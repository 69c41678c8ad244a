"""`make run`: from an empty folder to a serving program, and back to nothing at Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from importlib import import_module
from types import FrameType

from marketplace.config import PROJECT_ROOT, Settings, StartError, bracketed, load_settings
from marketplace.database.embedded import EmbeddedPostgresError, release
from marketplace.database.prepared import is_prepared, note_prepared

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOCAL_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach what is bound to all addresses
SHORT_SECONDS = 10
SHORT_LIVES = 3
"""So many servers in a row that are killed so soon are the last: so would be the next one."""


class LaunchError(StartError):
    """What is in the way of `make run` alone."""


def main() -> int:
    """Prepare the database, print the addresses, serve until a signal; the exit code."""
    for number in SIGNALS:
        signal.signal(number, give_up)
    try:
        settings = load_settings()
        require_free_port(settings)
        try:
            if not is_prepared(settings):
                # A wrong setting and a taken port are told before all that this imports.
                import_module("marketplace.preparation").prepare(settings)
                note_prepared(settings)
            sys.stdout.write(banner(settings))
            sys.stdout.flush()
            return serve()
        finally:
            release(settings.instance_path)
    except (StartError, EmbeddedPostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def give_up(number: int, _frame: FrameType | None) -> None:
    """A signal before anything serves: end with its code, after what is under way has been tidied up."""
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)
    sys.stderr.write("stopped before it was ready\n")
    raise SystemExit(128 + number)


def require_free_port(settings: Settings) -> None:
    """Raises LaunchError when somebody listens there, or the address is not ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        reason = error.strerror or str(error)
        raise LaunchError(f"cannot listen on {settings.address}: {reason}; set HOST or PORT") from None


def banner(settings: Settings) -> str:
    """What a newcomer wants to know first."""
    base = f"http://{bracketed(LOCAL_HOSTS.get(settings.host, settings.host))}:{settings.port}"
    body = (
        '{"username": "ann", "email": "ann@example.org", "password": "Correct-Horse-7",'
        ' "first_name": "Ann", "last_name": "Lee"}'
    )
    return f"""
The marketplace is starting.

  API          {base}/api/v1
  Swagger UI   {base}/api/docs
  Messages     {settings.instance_path}/outbox (mail and SMS of this development server)

Try:
  curl {base}/health/ready
  curl '{base}/api/v1/cities?q=berlin'
  curl -X POST {base}/api/v1/user/sign-up -H 'Content-Type: application/json' -d '{body}'

Stop with Ctrl-C.

"""


def serve() -> int:
    """Run gunicorn until it ends; Ctrl-C reaches it by itself, and SIGTERM is handed on. So is SIGHUP, of a
    terminal that is closed: for gunicorn alone it only means to start its workers anew. One that was killed
    is started again.
    """
    server: subprocess.Popen[bytes] | None = None
    ending = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal ending
        ending = True
        if server is not None:
            server.terminate()

    def wait(_number: int, _frame: FrameType | None) -> None:
        """The terminal has sent Ctrl-C to gunicorn too; stay until it has ended."""
        nonlocal ending
        ending = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    signal.signal(signal.SIGINT, wait)
    short = 0
    while True:
        began = time.monotonic()
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"],
            cwd=PROJECT_ROOT,
            env={**os.environ, "WORKER_INSIDE": "true"},
        )
        if ending:
            # The signal came before there was anybody to hand it on to.
            server.terminate()
        code = server.wait()
        short = short + 1 if time.monotonic() - began < SHORT_SECONDS else 0
        if ending or code >= 0 or short == SHORT_LIVES:
            return 0 if code in {0, -signal.SIGINT, -signal.SIGTERM} else code
        sys.stderr.write(f"the server was killed (signal {-code}); starting it again\n")


if __name__ == "__main__":
    raise SystemExit(main())
