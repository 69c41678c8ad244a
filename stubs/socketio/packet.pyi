from typing import Any

CONNECT: int
DISCONNECT: int
EVENT: int

class Packet:
    packet_type: int
    namespace: str | None
    id: int | None
    data: Any
    attachment_count: int
    def __init__(self, packet_type: int = ..., *, encoded_packet: object = ..., **kwargs: Any) -> None: ...
    def encode(self) -> Any: ...
