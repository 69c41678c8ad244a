"""The public list beside its peers: requests a second of one worker each, on one database, in one run.

    .venv/bin/python -m bench.lists --performers 1000000

The first page by city and category, from many addresses of which hardly one comes twice within the life of
a kept answer (not cached), then one address again and again (cached), then that with If-None-Match. The
peers are in bench/peers: FastAPI with SQLAlchemy's asyncio, asyncpg and pydantic; and bare WSGI with psycopg2
and orjson. `wrk` asks. With `--memory` also the memory of a worker before and after 100,000 requests.
"""

import argparse
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url, text

from bench.market import add_arguments, free_port, market
from marketplace.extensions import db

ROOT = Path(__file__).resolve().parent.parent
PEER_ENVIRONMENT = ROOT / "bench" / ".venv"
CONNECTIONS = 8
MOST_ADDRESSES = 60_000
ROUNDS = 3

# Each thread of wrk walks through the list of addresses from a place of its own.
SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = %d
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", "%s" .. paths[at]%s)
end
"""


WRITINGS = ["0" * number for number in range(10)]
"""What is written before a number, which changes nothing but the key that its answer is kept by."""


def addresses(path: Path) -> list[str]:
    """City and category of many lists with a full page, in random order; the same ones written otherwise
    where there are too few for each to be forgotten before it is asked for again.
    """
    rows = db.session.execute(
        text("""
            SELECT city_id, category_id FROM performer_listing_category
            GROUP BY 1, 2 HAVING count(*) >= 20 ORDER BY count(*) DESC LIMIT :most"""),
        {"most": MOST_ADDRESSES},
    ).all()
    db.session.rollback()
    lines = [
        f"city_id={zeros[0]}{row.city_id}&category_id={zeros[1]}{row.category_id}&limit={zeros[2]}20"
        for zeros in product(WRITINGS, repeat=3)
        for row in rows
    ][:MOST_ADDRESSES]
    random.Random(1).shuffle(lines)
    path.write_text("\n".join(lines))
    return lines


@contextmanager
def serving(
    command: list[str], environment: dict[str, str], url: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The server, once `url` answers."""
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(url, timeout=5).read()
                    break
                except OSError:
                    if server.poll() is not None:
                        raise SystemExit(f"a server ended: {log.read_text()[-2000:]}") from None
                    time.sleep(0.1)
            yield server
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


@dataclass(frozen=True)
class Asked:
    """Answers, those of them that were errors, and answers a second."""

    count: int
    errors: int
    rate: float


def ask(port: int, script: Path, seconds: int) -> tuple[float, int]:
    """Requests a second, and how many answers were errors."""
    found = asked(port, script, seconds)
    return found.rate, found.errors


def asked(port: int, script: Path, seconds: int) -> Asked:
    """What wrk tells of a run."""
    told = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", told)
    count = re.search(r"(\d+) requests in", told)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    assert rate is not None, told
    assert count is not None, told
    return Asked(int(count[1]), int(errors[1]) if errors else 0, float(rate[1]))


def resident(pid: int) -> float:
    """MB of memory of the largest process below `pid`."""
    found = subprocess.run(
        ["ps", "-o", "rss=", "--ppid", str(pid)], check=True, capture_output=True, text=True
    )
    return max(int(line) for line in found.stdout.split()) / 1024


class Bench:
    """One run."""

    def __init__(self, app: Flask, folder: Path, seconds: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._paths = folder / "addresses"
        self._addresses = addresses(self._paths)
        self._at = 0
        url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        host = url.query.get("host", url.host)
        self._plain = f"host={host} port={url.port or 5432} dbname={url.database} user={url.username}"
        socket = f"{host}"
        self._asyncpg = f"postgresql+asyncpg://{url.username}@/{url.database}?host={socket}"
        self._ours = app.config["SQLALCHEMY_DATABASE_URI"]
        print(f"{len(self._addresses):,} addresses with a full page", flush=True)

    def script(self, prefix: str, headers: str = "", *, one: bool = False) -> Path:
        """What wrk asks: all addresses, or always the same."""
        paths = self._paths
        if one:
            paths = self._folder / "address"
            paths.write_text(self._addresses[0])
        path = self._folder / "script.lua"
        path.write_text(SCRIPT % (paths, self._at, prefix, headers))
        self._at = (self._at + len(self._addresses) // 7) % len(self._addresses)
        return path

    def servers(self) -> dict[str, tuple[list[str], dict[str, str], str]]:
        """name -> command, environment, path before the query."""
        base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        # Without the configuration of the program, which lies where gunicorn looks for one.
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", os.devnull, "-b"]
        peer = [
            str(PEER_ENVIRONMENT / "bin" / "uvicorn"),
            "--log-level",
            "error",
            "--no-access-log",
            "--port",
        ]
        fastapi = base | {"BENCH_DSN": self._asyncpg}
        return {
            "ours": (
                [sys.executable, "-m", "gunicorn"],
                base
                | {
                    "DATABASE_URL": self._ours,
                    "INSTANCE_PATH": str(self._folder / "ours"),
                    "RATE_LIMIT_DEFAULT": "100000000/minute",
                    "LOG_FORMAT": "json",
                },
                "/api/v1/performers?",
            ),
            "fastapi, entities": ([*peer, "{port}", "bench.peers.with_fastapi:app"], fastapi, "/entities?"),
            "fastapi, columns": ([*peer, "{port}", "bench.peers.with_fastapi:app"], fastapi, "/columns?"),
            "bare": (
                [*gunicorn, "127.0.0.1:{port}", "-k", "gthread", "--threads", "8", "--no-control-socket",
                 "bench.peers.bare:app"],
                base | {"BENCH_DSN": self._plain},
                "/?",
            ),
        }  # fmt: skip

    def run(self, *, memory: bool) -> None:
        """All of it: `ROUNDS` times each, the median counts."""
        rates: dict[str, list[float]] = {}
        for round_ in range(ROUNDS):
            for name, (command, environment, prefix) in self.servers().items():
                port = free_port()
                started = [part.format(port=port) for part in command]
                log = self._folder / f"{name.replace(' ', '')}-{round_}.log"
                url = f"http://127.0.0.1:{port}{prefix}{self._addresses[-1]}"
                with serving(started, environment | {"PORT": str(port)}, url, log) as server:
                    ask(port, self.script(prefix), 2)
                    kinds = {"not cached": self.script(prefix)}
                    self._note(rates, name, "not cached", port, kinds["not cached"])
                    if name == "ours":
                        one = f"http://127.0.0.1:{port}{prefix}{self._addresses[0]}"
                        with urllib.request.urlopen(one) as answer:
                            tag = answer.headers["ETag"]
                        self._note(rates, name, "cached", port, self.script(prefix, one=True))
                        header = f", {{[\"If-None-Match\"] = '{tag}'}}"
                        self._note(rates, name, "304", port, self.script(prefix, header, one=True))
                        if memory and round_ == ROUNDS - 1:
                            self._memory(server, port, prefix)
        middle = {what: statistics.median(found) for what, found in rates.items()}
        for what, rate in middle.items():
            print(f"{what:32s} {rate:9.0f} requests/s  {[round(r) for r in rates[what]]}")
        fast = max(middle["fastapi, entities, not cached"], 0.001)
        columns = max(middle["fastapi, columns, not cached"], 0.001)
        print(f"not cached / fastapi by entities {middle['ours, not cached'] / fast:5.2f}")
        print(f"not cached / fastapi by columns  {middle['ours, not cached'] / columns:5.2f}")
        print(
            f"not cached / bare                {middle['ours, not cached'] / middle['bare, not cached']:5.2f}"
        )
        for kind in ("cached", "304"):
            print(f"{kind:10s} / fastapi by entities {middle[f'ours, {kind}'] / fast:5.2f}")
            print(f"{kind:10s} / fastapi by columns  {middle[f'ours, {kind}'] / columns:5.2f}")

    def _note(self, rates: dict[str, list[float]], name: str, kind: str, port: int, script: Path) -> None:
        rate, errors = ask(port, script, self._seconds)
        if errors:
            raise SystemExit(f"{name}, {kind}: {errors} errors")
        rates.setdefault(f"{name}, {kind}", []).append(rate)
        print(f"  {name}, {kind}: {rate:.0f}", flush=True)

    def _memory(self, server: subprocess.Popen[bytes], port: int, prefix: str) -> None:
        """A fresh kind of request each time, so that the cache fills as it does in life."""
        before = resident(server.pid)
        done = 0.0
        while done < 100_000:
            rate, _ = ask(port, self.script(prefix), 10)
            done += rate * 10
        after = resident(server.pid)
        print(f"memory of the worker: {before:.0f} MB, after {done:,.0f} more requests {after:.0f} MB")


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 50_000)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement")
    parser.add_argument("--memory", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    if not PEER_ENVIRONMENT.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER_ENVIRONMENT)], check=True)
        pip = [str(PEER_ENVIRONMENT / "bin" / "pip"), "install", "-q", "-r", "bench/requirements.txt"]
        subprocess.run(pip, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory(prefix="marketplace-lists-") as folder, market(arguments) as app:
        (Path(folder) / "ours").mkdir()
        with app.app_context():
            bench = Bench(app, Path(folder), arguments.seconds)
        bench.run(memory=arguments.memory)


if __name__ == "__main__":
    main()
