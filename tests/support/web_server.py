"""A server on this machine that answers byte for byte what a test says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Answer = Callable[[socket.socket, bytes], None]


@dataclass
class WebServer:
    """`heads` are the heads of requests as they came; `answers` says by path what is done."""

    port: int
    heads: list[bytes] = field(default_factory=list)
    answers: dict[str, Answer | bytes] = field(default_factory=dict)

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> int:
        return sum(head.split(b" ")[1] == path.encode() for head in self.heads)


def text(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(to: str) -> bytes:
    return text(b"", f"Location: {to}", status="302 Found")


@contextmanager
def web_server(trust: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[WebServer]:
    """Serves each connection in a thread of its own until the block ends."""
    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = WebServer(listener.getsockname()[1])
    ends: list[socket.socket] = []

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            line = trust.wrap_socket(connection, server_side=True) if trust else connection
            head = b""
            while b"\r\n\r\n" not in head:
                piece = line.recv(4096)
                if not piece:
                    return
                head += piece
            server.heads.append(head)
            path = head.split(b" ")[1].split(b"?")[0].decode()
            what = server.answers.get(path, text(b"", status="404 Not Found"))
            if isinstance(what, bytes):
                line.sendall(what)
            else:
                what(line, head)
            if trust:
                line.close()

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                ends.append(connection)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server
    finally:
        # close() alone leaves a thread that waits in accept() waiting.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for end in ends:
            with suppress(OSError):
                end.close()
