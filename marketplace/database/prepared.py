"""Whether a start finds what an earlier one has prepared: asked without importing the program, which would
take longer than all that a second start has to do.
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
from marketplace.database.embedded import ensure_running

log = logging.getLogger(__name__)

FILE = "prepared.json"
"""In the instance folder."""
SOURCES = ("migrations/versions/*.py", "marketplace/blueprints/catalog/data/*")
_QUERY = """
SELECT (SELECT array_agg(version_num ORDER BY version_num) FROM alembic_version),
       (SELECT array_agg(name || ' ' || version ORDER BY name) FROM reference_data),
       (SELECT count(*) FROM pg_index WHERE NOT indisvalid)
"""


def is_prepared(settings: Settings) -> bool:
    """True when the database is as `note_prepared` found it, and so are the files that it is made from. False
    also when it cannot be told. Starts the embedded server. Raises EmbeddedPostgresError.
    """
    try:
        noted = json.loads((settings.instance_path / FILE).read_text())
    except (OSError, ValueError):
        return False
    return noted is not None and noted == _present(settings)


def note_prepared(settings: Settings) -> None:
    """Remember how everything is, for the next start; where that cannot be kept, it looks again."""
    try:
        (settings.instance_path / FILE).write_text(json.dumps(_present(settings)))
    except OSError as error:
        log.warning("the next start takes longer", extra={"reason": error.strerror})


def _present(settings: Settings) -> dict[str, Any] | None:
    """What decides whether there is something to prepare; None when the database does not tell."""
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
    """Of the migrations, the reference data and the plugins, by name, size and time."""
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
