"""What domains may give to the pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DemoLogin:
    """An account of the demo that everybody may use."""

    role: str
    login: str
    password: str


@dataclass(frozen=True)
class DemoLogins:
    """Finds the log-ins of the demo, none where no demo is loaded. Not asked in production."""

    find: Callable[[], tuple[DemoLogin, ...]]


@dataclass(frozen=True)
class TokenCall:
    """The call that takes the token of a message, and what else it wants: shown with the mails of a
    development server. `name` is the topic, `path` stands below /api/v1; it needs no log-in.
    """

    name: str
    path: str
    body: Mapping[str, str] = field(default_factory=dict)
