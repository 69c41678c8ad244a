"""Personal data of domains: sections of a user's export, and erasures when the user is anonymised."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ExportFile:
    """A stored file of a user: its name, unique within the export, and its key."""

    name: str
    key: str


def _no_files(_user_id: int) -> Iterable[ExportFile]:
    return ()


@dataclass(frozen=True)
class ExportSection:
    """One JSON file of an export. `collect(user_id)` gives its rows, values that JSON knows or times; it runs
    inside a transaction, and gives them one by one: there may be many. `files(user_id)` names the stored
    files that belong to them; they are copied after the transaction.
    """

    name: str
    collect: Callable[[int], Iterable[Mapping[str, Any]]]
    files: Callable[[int], Iterable[ExportFile]] = _no_files


@dataclass(frozen=True)
class Erasure:
    """The data that a domain removes when a user is anonymised, unless others need it: `forget(user_id)`,
    in the transaction. Erasures run in the order of the plugins; those that are `last` after all
    others and after the handlers of the event.
    """

    name: str
    forget: Callable[[int], object]
    last: bool = False
