"""A stand-in mail server: just enough of SMTP to see what a client does."""

import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Seen:
    """What a client said: its commands, each with whether it was encrypted, and its messages."""

    commands: list[tuple[str, bool]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def encrypted(self, verb: str) -> bool:
        """Whether the command `verb` came, and came encrypted. Raises StopIteration when it did not come."""
        return next(encrypted for command, encrypted in self.commands if command.split()[0] == verb)

    def verbs(self) -> list[str]:
        return [command.split()[0] for command, _ in self.commands]


class StandIn(socketserver.ThreadingTCPServer):
    """Listens on a port of its own. `starttls` offers encryption, `implicit` begins with it."""

    daemon_threads = True

    def __init__(
        self,
        *,
        starttls: ssl.SSLContext | None = None,
        implicit: ssl.SSLContext | None = None,
        silent: bool = False,
        refuse: bool = False,
        drips: bool = False,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.starttls, self.implicit, self.silent, self.refuse = starttls, implicit, silent, refuse
        self.drips = drips
        self.stopped = threading.Event()
        self.seen = Seen()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.BaseRequestHandler):
    server: StandIn

    def handle(self) -> None:
        connection: Any = self.request
        try:
            if self.server.implicit is not None:
                connection = self.server.implicit.wrap_socket(connection, server_side=True)
            while self.server.drips and not self.server.stopped.wait(0.02):
                connection.sendall(b"2")
            if self.server.silent:
                connection.recv(1)  # until the client gives up
                return
            connection.sendall(b"220 ready\r\n")
            self._converse(connection)
        except (OSError, ValueError):
            return  # the client went away; what it did is in `seen`
        finally:
            connection.close()

    def _converse(self, connection: Any) -> None:
        reader = connection.makefile("rb")
        while line := reader.readline().decode().strip():
            encrypted = isinstance(connection, ssl.SSLSocket)
            self.server.seen.commands.append((line, encrypted))
            verb = line.split()[0].upper()
            if verb == "STARTTLS" and self.server.starttls is not None:
                connection.sendall(b"220 go on\r\n")
                reader.close()
                connection = self.server.starttls.wrap_socket(connection, server_side=True)
                reader = connection.makefile("rb")
                continue
            if verb == "DATA":
                connection.sendall(b"354 go on\r\n")
                lines = iter(reader.readline, b".\r\n")
                self.server.seen.messages.append(b"".join(lines).decode())
            connection.sendall(self._answer(verb, encrypted))
            if verb == "QUIT":
                break
        reader.close()
        connection.close()

    def _answer(self, verb: str, encrypted: bool) -> bytes:
        if verb == "EHLO":
            offers = ["127.0.0.1", "SMTPUTF8", "AUTH PLAIN"]
            if self.server.starttls is not None and not encrypted:
                offers.append("STARTTLS")
            return b"".join(f"250{'-' if o != offers[-1] else ' '}{o}\r\n".encode() for o in offers)
        if verb == "RCPT" and self.server.refuse:
            return b"550 no such mailbox\r\n"
        return {"AUTH": b"235 welcome\r\n", "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_path, key_path
