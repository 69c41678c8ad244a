"""Patches of python-socketio and engine.io where these wait, drop or start threads without an option."""

import functools
import logging
from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from engineio.socket import Socket
from socketio.packet import CONNECT, DISCONNECT

from marketplace.realtime.admission import SESSION, Admission, Session
from marketplace.realtime.packets import Broken, parse_message
from marketplace.realtime.pings import Pinger
from marketplace.realtime.transport import GuardedWebSocket

log = logging.getLogger(__name__)

MAX_QUEUED = 1_000
"""Packets that wait for a client that does not take them; then it is hung up on, and catches up by `sync`."""


class Engine:
    """Hardens one Socket.IO server, and talks to its sessions."""

    def __init__(self, server: Any, admission: Admission, *, max_message_size: int) -> None:
        self._server = server
        self._admission = admission
        eio = server.eio
        # Engine.IO compares the size when a message is in memory; this ends it while it arrives.
        transport = functools.partial(GuardedWebSocket, max_message_size=max_message_size)
        eio._async = {**eio._async, "websocket": transport}  # noqa: SLF001 - no option
        self._send = server._send_eio_packet  # noqa: SLF001 - no option
        server._send_eio_packet = self._send_if_open  # noqa: SLF001 - no option
        self._pinger = Pinger(eio.ping_interval)
        self._start_task = eio.start_background_task
        eio.start_background_task = self._start_background_task
        eio.disconnect = self.hang_up
        eio.on("connect", self._connected)
        eio.on("message", self._received)
        eio.on("disconnect", self._disconnected)

    def hang_up(self, eio_sid: str) -> None:
        """End a session. Unlike engine.io's own `disconnect` it does not wait until the client has received
        the queue, which a client that is gone never does.
        """
        connection = self._server.eio.sockets.get(eio_sid)
        if connection is not None:
            with suppress(EngineIOError):
                connection.close(wait=False)

    def _start_background_task(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(target, "__func__", None) is Socket._send_ping:  # noqa: SLF001 - what engine.io starts for each socket
            self._pinger.add(target.__self__)
            return None
        return self._start_task(target, *args, **kwargs)

    def _send_if_open(self, eio_sid: str, packet: Any) -> None:
        connection = self._server.eio.sockets.get(eio_sid)
        if connection is not None and connection.queue.qsize() >= MAX_QUEUED:
            log.info("socket closed", extra={"reason": "it does not take what it is sent"})
            self.hang_up(eio_sid)
            return
        # A socket that is just closing must not keep a message from the others in its room.
        with suppress(EngineIOError):
            self._send(eio_sid, packet)

    def _connected(self, eio_sid: str, environ: dict[str, Any]) -> None:
        session = environ.get(SESSION)
        if isinstance(session, Session):
            self._admission.bind(session, eio_sid)
        self._server._handle_eio_connect(eio_sid, environ)  # noqa: SLF001 - what it would have called

    def _disconnected(self, eio_sid: str, reason: str) -> None:
        session = self._admission.find(eio_sid)
        if session is not None:
            self._admission.end(session)
        self._server._handle_eio_disconnect(eio_sid, reason)  # noqa: SLF001 - what it would have called

    def _received(self, eio_sid: str, data: object) -> None:
        try:
            self._dispatch(eio_sid, data)
        except Broken as broken:
            log.info("socket closed", extra={"reason": str(broken)})
            self.hang_up(eio_sid)
        except EngineIOError:
            log.debug("a socket closed while its packet was handled")
        except Exception:
            # Engine.IO would log it and go on, and the client would wait for an answer for ever.
            log.exception("packet of a socket failed")
            self.hang_up(eio_sid)

    def _dispatch(self, eio_sid: str, data: object) -> None:
        server = self._server
        packet = parse_message(data)
        namespace = packet.namespace or "/"
        if packet.packet_type == CONNECT:
            server._handle_connect(eio_sid, namespace, packet.data)  # noqa: SLF001 - as server._handle_eio_message does
            return
        if server.manager.sid_from_eio_sid(eio_sid, namespace) is None:
            raise Broken("a packet for a namespace that the socket is not in")
        if packet.packet_type == DISCONNECT:
            server._handle_disconnect(eio_sid, namespace, server.reason.CLIENT_DISCONNECT)  # noqa: SLF001 - as above
        else:
            server._handle_event(eio_sid, namespace, packet.id, packet.data)  # noqa: SLF001 - as above
