"""Two real servers on one database: messages go from one to the other, and outlive a kill."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.kernel.clock import FrozenClock
from marketplace.testing import Factory
from tests.e2e.conftest import Running, launch
from tests.support.sockets import SocketClient
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

MESSAGES = 60
WAIT = 20


class Phone:
    """A client that keeps what it hears by `seq`, whatever comes twice."""

    def __init__(self, token: str, chat_id: int) -> None:
        self._token, self._chat_id = token, chat_id
        self.order: list[int] = []
        self.texts: dict[int, str] = {}
        self._lock = threading.Lock()
        self._client: Any = None

    def connect(self, server: Running) -> None:
        self._client = SocketClient(reconnection=False)
        self._client.on("message:new", self._keep, namespace="/chat")
        self._client.connect(
            server.base, auth={"token": self._token}, namespaces=["/chat"], wait_timeout=WAIT,
            transports=["websocket"],
        )  # fmt: skip

    def _keep(self, message: dict[str, Any]) -> None:
        with self._lock:
            self.order.append(message["seq"])
            self.texts[message["seq"]] = message["text"]

    def ask(self, name: str, payload: dict[str, Any]) -> Any:
        return self._client.call(name, payload, namespace="/chat", timeout=WAIT)

    def send(self, text: str) -> Any:
        return self.ask("message:send", {"chat_id": self._chat_id, "client_id": str(uuid4()), "text": text})

    def sync(self) -> None:
        more = True
        while more:
            # From the first gap on: what is pushed meanwhile may be later than what was missed.
            known = next(seq for seq in count() if seq + 1 not in self.texts)
            (found,) = self.ask("sync", {"chats": {str(self._chat_id): known}})["chats"]
            for item in found["items"]:
                self._keep(item)
            more = found["more"]

    def close(self) -> None:
        self._client.disconnect()


@pytest.fixture
def phones(committed: Flask, clock: FrozenClock) -> tuple[Phone, Phone]:
    """The two people of a chat, signed in by the real time."""
    clock.set(datetime.now(UTC))
    with committed.app_context():
        make = Factory()
        performer, customer = make.performer(), make.user()
        chat_id = make.chat(customer, performer).id
        sessions = committed.extensions["marketplace"].get(Accounts).sessions
        tokens = [sessions.open(user, Device()).access_token for user in (customer.id, performer.user_id)]
    return Phone(tokens[0], chat_id), Phone(tokens[1], chat_id)


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Callable[[str], Running]]:
    running: list[Running] = []

    def start_one(name: str) -> Running:
        made = launch(tmp_path / name, DATABASE_URL=database_url, SECRET_KEY="tests-" * 10)
        running.append(made)
        return made

    yield start_one
    for server in running:
        if server.process.poll() is None:
            server.stop()


def test_a_killed_server_loses_doubles_and_disorders_nothing(
    phones: tuple[Phone, Phone], start: Callable[[str], Running]
) -> None:
    one, two = start("one"), start("two")
    sender, receiver = phones
    sender.connect(one)
    receiver.connect(two)
    acked = {}
    for number in range(MESSAGES):
        ack = sender.send(f"No. {number}")
        assert ack["duplicate"] is False
        acked[ack["seq"]] = f"No. {number}"
        if number == MESSAGES // 2:
            eventually(lambda: len(receiver.order) > MESSAGES // 4)
            os.killpg(two.process.pid, signal.SIGKILL)
            two.process.wait(WAIT)
    assert list(acked) == list(range(1, MESSAGES + 1))
    before = list(receiver.order)
    assert before == list(range(1, len(before) + 1))
    receiver.connect(one)
    receiver.sync()
    sender.send("The last one")
    eventually(lambda: MESSAGES + 1 in receiver.texts)
    assert receiver.texts == {**acked, MESSAGES + 1: "The last one"}
    sender.close()
    receiver.close()
