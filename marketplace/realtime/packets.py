"""What clients may send, told before the libraries decode it: they drop, raise or wait where it is broken.

Engine.IO protocol 4, Socket.IO protocol 5. Binary packets are refused: no event has a place for bytes, and
the library would wait for attachments that never come.
"""

from typing import Any

from socketio.packet import CONNECT, DISCONNECT, EVENT, Packet

SEPARATOR = "\x1e"
MAX_PACKETS = 16
"""Of one poll; as engine.io has it."""
PROBE = "2probe"
UPGRADE = "5"
_MESSAGE = "4"
_CLOSE = "1"
_PONG = "3"
_TYPES = {CONNECT, DISCONNECT, EVENT}
_DIGITS = "0123456"


class Broken(Exception):
    """A packet that no client of the protocol sends; says what is wrong with it."""


def check_packet(data: object) -> None:
    """Raises Broken unless `data` is an Engine.IO packet that a client may send at any time."""
    if not isinstance(data, str):
        raise Broken("binary packets are not understood")
    # Without this digit engine.io takes the rest for JSON, and hands on something else than text.
    if data[:1] == _MESSAGE and data[1:2] and data[1] in _DIGITS:
        return
    if data not in (_CLOSE, _PONG):
        raise Broken("not a packet that clients send")


def check_payload(body: bytes) -> int:
    """The number of packets in the body of a poll. Raises Broken."""
    try:
        packets = body.decode().split(SEPARATOR)
    except UnicodeDecodeError:
        raise Broken("not UTF-8") from None
    if len(packets) > MAX_PACKETS:
        raise Broken(f"more than {MAX_PACKETS} packets")
    for packet in packets:
        check_packet(packet)
        if packet[0] == _MESSAGE:
            parse_message(packet[1:])
    return len(packets)


def parse_message(data: object) -> Packet:
    """The Socket.IO packet of a message. Raises Broken."""
    if not isinstance(data, str) or not data:
        raise Broken("not a Socket.IO packet")
    try:
        packet = Packet(encoded_packet=data)
    except (ValueError, RecursionError):
        raise Broken("a Socket.IO packet that cannot be read") from None
    if packet.packet_type not in _TYPES or packet.attachment_count:
        raise Broken("a Socket.IO packet that clients do not send here")
    if packet.packet_type == EVENT and not _is_event(packet.data):
        raise Broken("an event is a list that begins with its name")
    return packet


def _is_event(data: Any) -> bool:
    return isinstance(data, list) and bool(data)
