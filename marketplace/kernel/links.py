"""Absolute links to pages of this server, without believing a forged Host."""

import re
from dataclasses import dataclass

PROBLEM_PATH = "/api/docs/errors/"
_PORT = r"(?::[0-9]{1,5})?"
_LOCAL = re.compile(
    rf"(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.[0-9]{{1,3}}){{3}}|\[::1\]){_PORT}", re.IGNORECASE
)
_SOUND = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,252}})|\[[0-9a-f:.]{{2,45}}\]){_PORT}", re.IGNORECASE)


@dataclass(frozen=True)
class Links:
    """How links begin.

    The host of the request is taken when a proxy of ours vouches for it (`behind_proxy`), or it is this
    machine, or `own`, where the server listens. A link for any other host has no host: it is a path.
    """

    own: str = ""
    behind_proxy: bool = False

    def base(self, scheme: str, host: str) -> str:
        """What stands before the path, without a slash at its end."""
        known = host == self.own or (_SOUND if self.behind_proxy else _LOCAL).fullmatch(host)
        return f"{scheme}://{host}" if known and host else ""

    def problem(self, code: str, scheme: str = "", host: str = "") -> str:
        """The `type` of a problem (RFC 9457, 3.1.1): the page of its code."""
        return f"{self.base(scheme, host)}{PROBLEM_PATH}{code}"


NO_LINKS = Links()
"""Paths alone, unless the caller is on this machine."""
