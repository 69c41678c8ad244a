"""Checks of packets from clients, before the libraries decode them.

Engine.IO protocol 4, Socket.IO protocol 5. Binary packets are refused: no event has a place for bytes, and
the library would wait for attachments that never come.
"""

from typing import Any

from socketio.packet import CONNECT, DISCONNECT, EVENT, Packet

from marketplace.kernel.texts import Text

SEPARATOR = "\x1e"
MAX_PACKETS = 16
"""The most packets of one poll, as in engine.io."""
PROBE = "2probe"
UPGRADE = "5"
_MESSAGE = "4"
_CLOSE = "1"
_PONG = "3"
_TYPES = {CONNECT, DISCONNECT, EVENT}
_DIGITS = "0123456"


class Broken(Exception):
    """A packet that no correct client sends; the message says what is wrong."""


def check_packet(data: object) -> None:
    """Raises Broken unless `data` is an Engine.IO packet that a client may send at any time."""
    if not isinstance(data, str):
        raise Broken(Text("binary packets are not understood"))
    # Without this digit engine.io reads the rest as JSON, and passes on something else than text.
    if data[:1] == _MESSAGE and data[1:2] and data[1] in _DIGITS:
        return
    if data not in (_CLOSE, _PONG):
        raise Broken(Text("not a packet that clients send"))


def check_payload(body: bytes) -> int:
    """The number of packets in the body of a poll. Raises Broken."""
    try:
        packets = body.decode().split(SEPARATOR)
    except UnicodeDecodeError:
        raise Broken(Text("not UTF-8")) from None
    if len(packets) > MAX_PACKETS:
        raise Broken(Text("more than {limit} packets", limit=MAX_PACKETS))
    for packet in packets:
        check_packet(packet)
        if packet[0] == _MESSAGE:
            parse_message(packet[1:])
    return len(packets)


def parse_message(data: object) -> Packet:
    """The Socket.IO packet of a message. Raises Broken."""
    if not isinstance(data, str) or not data:
        raise Broken(Text("not a Socket.IO packet"))
    try:
        packet = Packet(encoded_packet=data)
    except (ValueError, RecursionError):
        raise Broken(Text("a Socket.IO packet that cannot be read")) from None
    if packet.packet_type not in _TYPES or packet.attachment_count:
        raise Broken(Text("a Socket.IO packet that clients do not send here"))
    if packet.packet_type == EVENT and not _is_event(packet.data):
        raise Broken(Text("an event is a list that begins with its name"))
    return packet


def _is_event(data: Any) -> bool:
    return isinstance(data, list) and bool(data)
