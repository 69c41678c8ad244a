"""The state that an earlier start left: a later start that finds it unchanged skips the preparations.

It is read without importing the program, which takes longer than a whole second start.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import psycopg2

from marketplace.config import PLUGIN_ENTRY_POINTS, PROJECT_ROOT, Settings
from marketplace.embedded.users import ensure_running

log = logging.getLogger(__name__)

FILE = "prepared.json"
"""The name of its file in the instance folder."""
SOURCES = (
    "migrations/versions/*.py",
    "migrations/baseline/*.sql",
    "marketplace/database/functions/*.sql",
    "marketplace/blueprints/catalog/data/*",
)
_QUERY = """
SELECT (SELECT array_agg(version_num ORDER BY version_num) FROM alembic_version),
       (SELECT array_agg(name || ' ' || version ORDER BY name) FROM reference_data),
       (SELECT count(*) FROM pg_index WHERE NOT indisvalid)
"""


def is_prepared(settings: Settings) -> bool:
    """True when the database and the files it is made from are as `note_prepared` found them. False also when
    that cannot be determined. Starts the embedded server. Raises EmbeddedPostgresError.
    """
    try:
        noted = json.loads((settings.instance_path / FILE).read_text())
    except (OSError, ValueError):
        return False
    return noted is not None and noted == _present(settings)


def note_prepared(settings: Settings) -> None:
    """Store the current state for the next start; if it cannot be stored, that start checks again."""
    try:
        (settings.instance_path / FILE).write_text(json.dumps(_present(settings)))
    except OSError as error:
        log.warning("the next start takes longer", extra={"reason": error.strerror})


def _present(settings: Settings) -> dict[str, Any] | None:
    """The state that decides whether to prepare anything; None when the database does not answer."""
    url = settings.database_url or ensure_running(settings.instance_path)
    try:
        connection = psycopg2.connect(
            url.replace("postgresql+psycopg2:", "postgresql:", 1), connect_timeout=settings.db_connect_timeout
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(_QUERY)
                (row,) = cursor.fetchall()
        finally:
            connection.close()
    except psycopg2.Error:
        return None
    return {"files": _fingerprint(), "database": list(row)}


def _fingerprint() -> str:
    """A fingerprint of the migrations, the reference data and the plugins, by name, size and time."""
    return hashlib.sha256("\n".join(_parts()).encode()).hexdigest()


def _parts() -> Iterator[str]:
    for pattern in SOURCES:
        for path in sorted(PROJECT_ROOT.glob(pattern)):
            yield _identity(path)
    for entry in sorted(entry_points(group=PLUGIN_ENTRY_POINTS)):
        distribution = entry.dist
        yield f"{entry.name}={entry.value} {distribution.version if distribution else ''}"


def _identity(path: Path) -> str:
    found = path.stat()
    return f"{path} {found.st_size} {found.st_mtime_ns}"
