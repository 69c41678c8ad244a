"""Writes the OpenAPI and AsyncAPI documents of every version: `python -m scripts.documents FOLDER`.

The program is assembled as for serving, but nothing asks its database: none is needed.
"""

import json
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask

from marketplace import create_app
from marketplace.config import load_settings
from marketplace.web.blueprint import VERSIONS
from marketplace.web.openapi.api import document_bytes

DAY = date(2030, 1, 1)
"""The day from which examples count, so that documents are the same every day."""
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
"""The address of a database that is never asked."""


def documents_of(app: Flask) -> dict[str, dict[str, Any]]:
    """The documents of `app` as it serves them on a certain day, by a path such as `v1/openapi.json`."""
    found = {}
    for version in VERSIONS:
        with app.app_context():
            api = app.extensions["flask-smorest"]["apis"][f"{version.upper()}_"]["ext_obj"]
            found[f"{version}/openapi.json"] = json.loads(document_bytes(api.served, DAY))
        answer = app.test_client().get(f"/api/{version}/asyncapi.json")
        assert answer.status_code == 200, answer.get_data(as_text=True)  # noqa: PLR2004 - OK
        found[f"{version}/asyncapi.json"] = json.loads(answer.data)
    return found


def without_database(folder: Path) -> Flask:
    """The program with the settings of development; what it has to store goes below `folder`."""
    settings = {
        "APP_ENV": "development",
        "DATABASE_URL": NOWHERE,
        "INSTANCE_PATH": str(folder),
        "SECRET_KEY": "only-for-the-documents-" * 2,
        "LOG_LEVEL": "WARNING",
    }
    return create_app(load_settings(settings))


def write(documents: dict[str, dict[str, Any]], folder: Path) -> None:
    """Write each as indented JSON below `folder`."""
    for path, document in documents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def main() -> int:
    """Exit code."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program's name and the folder
        sys.stderr.write("Say where to write: python -m scripts.documents FOLDER\n")
        return 2
    with tempfile.TemporaryDirectory() as instance:
        write(documents_of(without_database(Path(instance))), Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
