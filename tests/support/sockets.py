"""A Socket.IO client whose end cannot fail when the server ends the connection at the same time."""

from collections.abc import Iterator
from typing import Any

import socketio


class _Namespaces(dict[str, Any]):
    """Iterates over a copy: one thread of the client removes a namespace while another one goes over all."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.keys()))


class SocketClient(socketio.Client):
    """`socketio.Client` without its race: `disconnect()` raises "dictionary changed size during iteration"
    when the server says goodbye meanwhile.
    """

    @property
    def namespaces(self) -> dict[str, Any]:
        return self._namespaces

    @namespaces.setter
    def namespaces(self, values: dict[str, Any]) -> None:
        self._namespaces = _Namespaces(values)
