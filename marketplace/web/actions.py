"""What a request does, in a word that is the same in all versions of the API; and which ones are probes."""

import re

PROBES = ("/health", "/health/ready", "/metrics")
"""What is asked every few seconds, and tells nothing of the program's work when it is traced."""
_VERSION = re.compile(r"v\d+_")


def action_of(endpoint: str) -> str:
    """`orders.create_order` for Flask's endpoint `v1_orders.create_order`."""
    return _VERSION.sub("", endpoint, count=1)
