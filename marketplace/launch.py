"""`make run`: prepares an empty folder, serves, and cleans up at Ctrl-C."""

import atexit
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from importlib import import_module
from types import FrameType

from marketplace.config import PROJECT_ROOT, Settings, StartError, load_settings
from marketplace.embedded.server import EmbeddedPostgresError
from marketplace.embedded.users import release
from marketplace.startup_state import is_prepared, note_prepared

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PREPARE = "--prepare"
"""The argument that ends after the preparations; for `make demo`."""
SHORT_SECONDS = 10
SHORT_LIVES = 3
"""After this many servers in a row killed this soon, give up: the next one would be killed too."""

DEVELOPMENT = """
`make demo` adds a market of 1,000 performers, and tells log-ins for a customer, a performer, a moderator
and an admin; then `make tour` shows the main job, call by call.
Pages of http://localhost and http://127.0.0.1, at any port, may call this server.
"""


class LaunchError(StartError):
    """An obstacle to `make run` alone."""


def main() -> int:
    """Prepare the database, print the addresses, serve until a signal; the exit code."""
    # After the preparations of a first start Python would collect the whole program before it ends: 1 to 2 s.
    atexit.register(gc.freeze)
    for number in SIGNALS:
        signal.signal(number, give_up)
    try:
        settings = load_settings()
        prepare_alone = PREPARE in sys.argv
        if not prepare_alone:
            require_free_port(settings)
        try:
            if not is_prepared(settings):
                # A wrong setting or a taken port is reported before these slow imports.
                import_module("marketplace.preparation").prepare(settings)
                note_prepared(settings)
            if prepare_alone:
                return 0
            sys.stdout.write(banner(settings))
            sys.stdout.flush()
            return serve()
        finally:
            release(settings.instance_path)
    except (StartError, EmbeddedPostgresError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def give_up(number: int, _frame: FrameType | None) -> None:
    """A signal before anything serves: end with its code, after cleaning up what has begun."""
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)
    sys.stderr.write("stopped before it was ready\n")
    raise SystemExit(128 + number)


def require_free_port(settings: Settings) -> None:
    """Raises LaunchError when the port is taken, or the address does not belong to this machine."""
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
        advice = "set HOST or PORT"
        if error.errno == errno.EADDRINUSE:
            advice = (
                f"end what listens there, or take another port: PORT={settings.port % 65535 + 1} make run"
            )
        raise LaunchError(f"cannot listen on {settings.address}: {reason}; {advice}") from None


def banner(settings: Settings) -> str:
    """The addresses and hints that a newcomer needs first."""
    base = settings.local_url
    body = (
        '{"username": "ann", "email": "ann@example.org", "password": "Correct-Horse-7",'
        ' "first_name": "Ann", "last_name": "Lee"}'
    )
    messages = f"{settings.instance_path}/outbox (mail and SMS of this development server)"
    if not settings.is_production:
        messages = f"{base}/dev/mails (mail and SMS of this development server)"
    return f"""
The marketplace is starting.

  Home         {base}/ (guides, log-ins of the demo, everything else)
  API          {base}/api/v1
  Swagger UI   {base}/api/docs
  Messages     {messages}
{DEVELOPMENT if settings.is_development else ""}
Try:
  curl {base}/health/ready
  curl '{base}/api/v1/cities?q=berlin'
  curl -X POST {base}/api/v1/user/sign-up -H 'Content-Type: application/json' -d '{body}'

Stop with Ctrl-C.

"""


def serve() -> int:
    """Run gunicorn until it ends; Ctrl-C reaches it directly, and SIGTERM is passed on. So is SIGHUP, sent by
    a terminal that closes, as SIGTERM: gunicorn alone would only restart its workers. A killed server is
    started again.
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
            # The signal came before there was a server to pass it on to.
            server.terminate()
        code = server.wait()
        short = short + 1 if time.monotonic() - began < SHORT_SECONDS else 0
        if ending or code >= 0 or short == SHORT_LIVES:
            return 0 if code in {0, -signal.SIGINT, -signal.SIGTERM} else code
        sys.stderr.write(f"the server was killed (signal {-code}); starting it again\n")


if __name__ == "__main__":
    raise SystemExit(main())
