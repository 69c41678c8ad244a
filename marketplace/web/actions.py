"""The action of a request, one name in all versions of the API; and the paths of probes."""

import re

PROBES = ("/health", "/health/ready", "/metrics")
"""Paths that are requested every few seconds, and whose traces tell nothing of the program's work."""
_VERSION = re.compile(r"v\d+_")


def action_of(endpoint: str) -> str:
    """`orders.create_order` for Flask's endpoint `v1_orders.create_order`."""
    return _VERSION.sub("", endpoint, count=1)
