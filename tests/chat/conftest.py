"""Two people in a chat, over HTTP and over sockets."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from marketplace.extensions import db, socketio
from marketplace.models import User


class Socket:
    """A client of the namespace /chat."""

    def __init__(self, app: Flask, token: Any) -> None:
        self._client = socketio.test_client(app, namespace="/chat", auth={"token": token})

    @property
    def is_open(self) -> bool:
        return bool(self._client.is_connected("/chat"))

    def ask(self, name: str, payload: Any) -> Any:
        return self._client.emit(name, payload, namespace="/chat", callback=True)

    def heard(self, name: str | None = None) -> list[Any]:
        """What came since the last call; of one event, or all as pairs."""
        found = [(item["name"], item["args"][0]) for item in self._client.queue]
        self._client.queue.clear()
        return found if name is None else [payload for event, payload in found if event == name]

    def close(self) -> None:
        if self.is_open:
            self._client.disconnect("/chat")


@pytest.fixture
def connect(app: Flask, context: object) -> Iterator[Callable[[dict[str, str]], Socket]]:
    """Opens a socket with the headers of a signed-in user."""
    sockets: list[Socket] = []

    def open_socket(headers: dict[str, str]) -> Socket:
        sockets.append(Socket(app, headers["Authorization"].removeprefix("Bearer ")))
        return sockets[-1]

    yield open_socket
    for socket in sockets:
        socket.close()


@pytest.fixture
def talk(make: Any, auth: Any) -> Any:
    """A chat with both its people signed in."""

    class Talk:
        performer = make.performer()
        customer = make.user(first_name="Ann", last_name="Example")
        chat = make.chat(customer, performer)
        id = chat.id
        asks = auth(customer)
        answers = auth(db.session.get(User, performer.user_id))
        stranger = auth(make.user())

    return Talk
