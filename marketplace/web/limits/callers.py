"""The key of a caller's budget: the user, or the network of the address."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from flask import request

from marketplace.web.access import claimed_user

ADDRESS = "ip:"
"""The prefix of a network in the key of its budget."""
IPV6_PREFIX = 64
"""The least IPv6 prefix of one subscriber (RFC 6177): all its addresses are one caller."""
_WITH_PORT = re.compile(r"([0-9.]+):\d+|\[([0-9a-fA-F:.]+)\](?::\d+)?")


def caller_key() -> str:
    """The owner of the budget of a request: the user whom a valid token names, else the address."""
    user_id = claimed_user()
    return address_key() if user_id is None else f"user:{user_id}"


def address_key() -> str:
    """The client's network; behind a proxy that of the address that PROXY_HOPS trusts.

    An IPv4 address counts whole, even when it is written as IPv6; IPv6 counts by its first 64 bits. Values
    that are no address, as a proxy may send, share one budget.
    """
    return f"{ADDRESS}{network_of(request.remote_addr or '')}"


@lru_cache(4096)
def network_of(text: str) -> str:
    # Some proxies add the port, which differs for each connection.
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((found[1] or found[2]) if found else text)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))
