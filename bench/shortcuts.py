"""What each shortcut of the public list gains: the CPU of a request without it, beside that with all of them.

    .venv/bin/python -m bench.shortcuts --instance FOLDER

Each variant is a process of its own. What the program does is measured in one thread, without a server;
what the server does, behind it, by `wrk`. All are asked in turn, for a moment each, round by round, and the
least CPU of a request counts, as neighbours only ever add. The table is for docs/decisions/0032.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import make_url

from bench.lists import CONNECTIONS, ROOT, SCRIPT, addresses, asked, serving
from bench.market import add_arguments, free_port, market
from bench.without import OF_THE_SERVER, SHORTCUTS

TICKS = os.sysconf("SC_CLK_TCK")
KINDS = ("not cached", "cached")
PREFIX = "/api/v1/performers?"


def worker_below(master: int) -> int:
    """The process that serves."""
    told = subprocess.run(["pgrep", "-P", str(master)], check=True, capture_output=True, text=True).stdout
    return int(told.split()[0])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Told:
    """What each variant took of CPU (us), by kind of request, round by round."""

    def __init__(self) -> None:
        self._cpu: dict[tuple[str, str], list[float]] = {}

    def note(self, name: str, kind: str, cpu: float) -> None:
        self._cpu.setdefault((name, kind), []).append(cpu)

    def show(self, title: str, names: list[str]) -> None:
        """A table for the page."""
        print(f"| {title}, without | us, not cached | gain | us, cached | gain |")
        print("| --- | --- | --- | --- | --- |")
        for name in names:
            cells = [SHORTCUTS[name][0] if name else "(nothing)"]
            for kind in KINDS:
                least, base = min(self._cpu[name, kind]), min(self._cpu["", kind])
                cells += [f"{least:.0f}", f"{(least - base) / least:.0%}" if name else ""]
            print(f"| {' | '.join(cells)} |")
        for kind in KINDS:
            print(f"{kind}, with all, of the rounds: {[round(one) for one in sorted(self._cpu['', kind])]}")
        print(flush=True)


class Server:
    """One variant behind the server, asked by wrk."""

    def __init__(self, stack: ExitStack, name: str, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._port = folder, free_port()
        place = folder / f"server-{name or 'all'}"
        place.mkdir()
        environment = environment | {
            "PORT": str(self._port),
            "INSTANCE_PATH": str(place),
            "BENCH_WITHOUT": name,
        }
        self._lines = Path(environment["BENCH_ADDRESSES"])
        first = self._lines.read_text().partition("\n")[0]
        (folder / "one").write_text(first)
        process = stack.enter_context(
            serving(
                [sys.executable, "-m", "gunicorn", "bench.without:make()"],
                environment,
                f"http://127.0.0.1:{self._port}{PREFIX}{first}",
                place / "log",
            )
        )
        self._worker = worker_below(process.pid)

    def turn(self, kind: str, number: int) -> float:
        """A second of requests."""
        script, paths = self._folder / "script.lua", self._lines
        if kind == "cached":
            paths = self._folder / "one"
        script.write_text(SCRIPT % (paths, number * 3001, PREFIX, ""))
        before = cpu_seconds(self._worker)
        answers = asked(self._port, script, 1)
        if answers.errors:
            raise SystemExit(f"{answers.errors} errors")
        return (cpu_seconds(self._worker) - before) / answers.count * 1e6


class Program:
    """One variant in one thread."""

    def __init__(self, stack: ExitStack, name: str, folder: Path, environment: dict[str, str]) -> None:
        place = folder / f"program-{name or 'all'}"
        place.mkdir()
        self._process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "bench.without"],
                cwd=ROOT,
                env=environment | {"INSTANCE_PATH": str(place), "BENCH_WITHOUT": name},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )

    def turn(self, kind: str, _number: int) -> float:
        """Some requests."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("one 100\n" if kind == "cached" else "many 10\n")
        process.stdin.flush()
        return float(process.stdout.readline())


def main() -> None:
    """On an embedded PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_arguments(parser, 50_000)
    parser.add_argument("--rounds", type=int, default=60, help="of the program; the server has a tenth")
    parser.add_argument("--part", choices=["program", "server"], help="only one of the two")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: apt-get install wrk")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="marketplace-shortcuts-")))
        app = stack.enter_context(market(arguments))
        with app.app_context():
            addresses(folder / "addresses")
        url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=False)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "DATABASE_URL": url,
            "RATE_LIMIT_DEFAULT": "100000000/minute",
            "LOG_FORMAT": "json",
            "DB_POOL_SIZE": str(CONNECTIONS),
            "DB_MAX_OVERFLOW": "0",
            "BENCH_ADDRESSES": str(folder / "addresses"),
        }
        inside = ["", *(name for name in SHORTCUTS if name not in OF_THE_SERVER)]
        if arguments.part != "server":
            run("in one thread", Program, inside, folder, environment, arguments.rounds)
        if arguments.part != "program":
            run(
                "behind the server", Server, ["", *OF_THE_SERVER], folder, environment, arguments.rounds // 10
            )


def run(
    title: str,
    kind_of: type[Program] | type[Server],
    names: list[str],
    folder: Path,
    environment: dict[str, str],
    rounds: int,
) -> None:
    """All variants in turn; the first round warms up."""
    told = Told()
    with ExitStack() as stack:
        variants = {name: kind_of(stack, name, folder, environment) for name in names}
        for number in range(rounds + 1):
            for kind in KINDS:
                for name, variant in variants.items():
                    cpu = variant.turn(kind, number)
                    if number:
                        told.note(name, kind, cpu)
    told.show(title, names)


if __name__ == "__main__":
    main()
