"""Which addresses of the network requests to strangers may go to, and how their URLs are read."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from marketplace.config import bracketed
from marketplace.outside.errors import AddressRefused

MAX_URL = 2000
"""Characters of a URL."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
"""A last label that makes a host an IPv4 address in the eyes of some resolvers: `127.1`, `0x7f000001`."""
_PATH_SAFE = "/%:=&?~+!$,;'@()*[]-._"
_FORBIDDEN = re.compile(r"""[ \\<>"]""")
_SPECIAL_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            # A public address that inside of Azure is the host's own service.
            "168.63.129.16/32",
        ),
    )
)  # fmt: skip
"""The IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast and reserved ones included."""
_UNICAST_6 = ip_network("2000::/3")
"""All that IANA has given out for global unicast. Mapped IPv4, NAT64, unique local, link-local, multicast,
loopback and the unspecified address are outside of it."""
_SPECIAL_6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""The IANA IPv6 Special-Purpose Address Registry within _UNICAST_6: Teredo, documentation, 6to4."""


@dataclass(frozen=True)
class WebAddress:
    """The parts of a URL that a request needs; `host` is ASCII, without brackets and final dot."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110, 7.2)."""
        host = bracketed(self.host)
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


@dataclass(frozen=True)
class AddressPolicy:
    """What requests may go to: `ports`, and addresses of the public Internet.

    `inside` opens all ports, and addresses of this machine and of private networks: for development and
    tests.
    """

    ports: frozenset[int] = frozenset({80, 443})
    inside: bool = False

    def read(self, url: str) -> WebAddress:
        """The parts of `url`. Raises AddressRefused; nothing is asked of the network."""
        if len(url) > MAX_URL or not url.isprintable() or _FORBIDDEN.search(url):
            raise AddressRefused("bad_address")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise AddressRefused("bad_address") from None
        if parts.scheme not in _DEFAULT_PORTS:
            raise AddressRefused("bad_scheme")
        if "@" in parts.netloc:
            raise AddressRefused("credentials_in_address")
        if port is None:
            port = _DEFAULT_PORTS[parts.scheme]
        if port == 0 or (port not in self.ports and not self.inside):
            raise AddressRefused("forbidden_port")
        return WebAddress(parts.scheme, _host(parts.hostname or ""), port, _target(parts))

    def follow(self, base: WebAddress, location: str) -> WebAddress:
        """The address that a redirect from `base` leads to. Raises AddressRefused."""
        try:
            found = self.read(urljoin(base.url, location.strip()))
        except ValueError:
            raise AddressRefused("bad_address") from None
        if base.scheme == "https" and found.scheme != "https":
            # What was asked under encryption is not shown to the network.
            raise AddressRefused("bad_scheme")
        return found

    def check(self, address: str) -> None:
        """Raises AddressRefused for an IP address where no request may go."""
        if not self.inside and not is_public(address):
            raise AddressRefused("forbidden_address")


def is_literal(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public Internet; False for what is none, or has a zone."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _SPECIAL_4)
    assert isinstance(found, IPv6Address)
    if found.scope_id is not None or found not in _UNICAST_6:
        return False
    return not any(found in network for network in _SPECIAL_6)


def _host(text: str) -> str:
    """A name or an IP address in its usual form. Raises AddressRefused."""
    host = text.removesuffix(".").lower()
    if ":" in host:
        return _literal(host)
    try:
        host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise AddressRefused("bad_address") from None
    if _NUMBER.match(host.rpartition(".")[2]):
        return _literal(host)
    if len(host) > 253 or not _NAME.match(host):  # noqa: PLR2004 - RFC 1035, 2.3.4, without the final dot
        raise AddressRefused("bad_address")
    return host


def _literal(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise AddressRefused("bad_address") from None


def _target(parts: SplitResult) -> str:
    """Path and query in ASCII; the fragment stays with the client (RFC 9110, 4.2.5)."""
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    return f"{path}?{quote(parts.query, safe=_PATH_SAFE)}" if parts.query else path
