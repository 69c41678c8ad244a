"""What a role takes on this machine: memory, threads and connections to the database, by what it has to do.

    .venv/bin/python -m bench.sizes --sockets 100 400 900

Starts each role as deploy/systemd does, on an embedded PostgreSQL of its own. Memory is that of the serving
process and its master (PSS: shared pages are divided among those that share them).
"""

import argparse
import json
import os
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import psycopg2
import requests
import websocket

from marketplace.config import PROJECT_ROOT
from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.clusters import discard_instance
from marketplace.embedded.users import ensure_running

PASSWORD = "Correct-Horse-7"
CALLS = 1_000
PING, PONG = "2", "3"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def role(name: str, *command: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    with Path(environment["INSTANCE_PATH"], f"{name}.log").open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=PROJECT_ROOT, stdout=sink, stderr=sink,
            env={"PATH": os.environ["PATH"], **environment, "PORT": str(port),
                 "DATABASE_URL": environment["DATABASE_URL"].replace("app@", f"{name}@")},
        )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    try:
        while command[0] == "gunicorn":
            try:
                if requests.get(f"{base}/health/ready", timeout=5).ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.2)
        yield process, base
    finally:
        process.terminate()
        process.wait(60)


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def taken(process: subprocess.Popen[bytes]) -> tuple[float, int]:
    """Megabytes and threads of a role."""
    size = threads = 0
    for pid in family(process.pid):
        size += int(
            re.findall(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[0]
        )
        threads += int(
            re.findall(r"^Threads:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[0]
        )
    return size / 1024, threads


def connections(url: str, name: str) -> int:
    with psycopg2.connect(libpq_dsn(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (name,))
        found = cursor.fetchone()
    assert found
    return int(found[0])


def show(what: str, process: subprocess.Popen[bytes], url: str, name: str, more: str = "") -> None:
    size, threads = taken(process)
    print(
        f"{what:<44} {size:6.0f} MB {threads:5} threads {connections(url, name):4} connections  {more}",
        flush=True,
    )


def sign_up(base: str, instance: Path) -> str:
    """The access token of a person with a confirmed address."""
    person = {
        "username": "sizes",
        "email": "sizes@example.org",
        "password": PASSWORD,
        "first_name": "A",
        "last_name": "B",
    }
    made = requests.post(f"{base}/api/v1/user/sign-up", json=person, timeout=30).json()
    while not (mails := list((instance / "outbox").glob("*.json"))):
        time.sleep(0.2)
    token = json.loads(mails[0].read_text())["data"]["token"]
    headers = {"Authorization": f"Bearer {made['tokens']['access_token']}"}
    requests.post(f"{base}/api/v1/user/email/verify", json={"token": token}, headers=headers, timeout=30)
    login = {"login": "sizes", "password": PASSWORD}
    return str(requests.post(f"{base}/api/v1/user/login", json=login, timeout=30).json()["access_token"])


def call(base: str, token: str, callers: int) -> str:
    """`callers` at once ask for their profile, which every request of a client costs at least."""

    def one() -> None:
        with requests.Session() as session:
            for _ in range(CALLS // callers):
                began = time.perf_counter()
                session.get(
                    f"{base}/api/v1/user/me", headers={"Authorization": f"Bearer {token}"}, timeout=30
                )
                spent.append(time.perf_counter() - began)

    spent: list[float] = []
    threads = [threading.Thread(target=one) for _ in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = quantiles(spent, n=20)
    speed = len(spent) / (time.perf_counter() - began)
    return f"{speed:.0f}/s, p50 {cuts[9] * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms"


def connect(base: str, token: str) -> websocket.WebSocket:
    address = base.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    opened = websocket.create_connection(address, timeout=30, suppress_origin=True)
    opened.recv()
    opened.send("40/chat," + json.dumps({"token": token}))
    answer = opened.recv()
    assert answer.startswith("40/chat,"), answer
    return opened


def pump(opened: list[websocket.WebSocket]) -> None:
    """Answer the pings that have come: whoever does not is cut after 45 s."""
    by_socket = {one.sock: one for one in opened}
    with selectors.DefaultSelector() as selector:
        for sock in by_socket:
            selector.register(sock, selectors.EVENT_READ)
        while ready := selector.select(0):
            for key, _ in ready:
                if by_socket[key.fileobj].recv() == PING:
                    by_socket[key.fileobj].send(PONG)


def acks(opened: list[websocket.WebSocket]) -> str:
    spent = []
    for number, one in enumerate(opened[:200]):
        began = time.perf_counter()
        one.send(f'42/chat,{number}["nope"]')
        while not (heard := one.recv()).startswith("43/chat,"):
            if heard == PING:
                one.send(PONG)
        spent.append(time.perf_counter() - began)
    cuts = quantiles(spent, n=20)
    return f"ack p50 {cuts[9] * 1000:.1f} ms, p95 {cuts[18] * 1000:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, nargs="+", default=[100, 400, 900])
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 16, 64])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sizes-") as folder:
        instance = Path(folder)
        url = ensure_running(instance / "database", fsync=False)
        common = {
            "DATABASE_URL": url, "INSTANCE_PATH": folder, "SECRET_KEY": "sizes-" * 10,
            "RATE_LIMIT_ENABLED": "false", "SOCKETS_PER_USER": "10000", "SOCKETS_PER_ADDRESS": "10000",
            "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        try:
            upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
            environment = {"PATH": os.environ["PATH"], **common}
            subprocess.run(upgrade, cwd=PROJECT_ROOT, check=True, capture_output=True, env=environment)
            with psycopg2.connect(libpq_dsn(url)) as connection, connection.cursor() as cursor:
                for name in ("web", "realtime", "worker"):  # whose a connection is, is seen by its user
                    cursor.execute(f"CREATE ROLE {name} SUPERUSER LOGIN")
            with role("worker", "flask", "--app", "wsgi", "worker", **common) as (worker, _):
                with role("web", "gunicorn", **common, WEB_THREADS="100") as (web, base):
                    show("web, just started", web, url, "web")
                    token = sign_up(base, instance)
                    for callers in options.callers:
                        speed = call(base, token, callers)
                        show(f"web, {callers} callers at once", web, url, "web", speed)
                show("worker", worker, url, "worker")
                threads = str(max(options.sockets) * 8 // 7 + 64)
                with role("realtime", "gunicorn", **common, WEB_THREADS=threads, DB_POOL_SIZE="10") as (
                    realtime,
                    base,
                ):
                    show(f"realtime, WEB_THREADS={threads}, just started", realtime, url, "realtime")
                    opened: list[websocket.WebSocket] = []
                    for wanted in sorted(options.sockets):
                        while len(opened) < wanted:
                            opened.append(connect(base, token))
                            if len(opened) % 50 == 0:
                                pump(opened)
                        pump(opened)
                        show(f"realtime, {wanted} sockets", realtime, url, "realtime", acks(opened))
                    for one in opened:
                        one.shutdown()
        finally:
            discard_instance(instance / "database")


if __name__ == "__main__":
    main()
