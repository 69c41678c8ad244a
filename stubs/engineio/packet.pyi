PING: int

class Packet:
    data: object
    def __init__(self, packet_type: int = ..., data: object = ..., encoded_packet: object = ...) -> None: ...
