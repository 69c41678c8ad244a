"""The example plugin, installed as a package, adds its parts without the program knowing of it."""

import shutil
from pathlib import Path

from marketplace.config import PROJECT_ROOT
from tests.support.plugins import check_document, check_types, install
from tests.support.postgres import ask, connect

EXAMPLE = PROJECT_ROOT / "examples" / "marketplace-loyalty"
READY = """
from marketplace import create_app
from marketplace.blueprints.operations.adapters import MigrationsCheck

app = create_app()
with app.app_context():
    assert MigrationsCheck()() is None
"""


def test_the_plugin_works_as_a_package(empty_database: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(EXAMPLE, source)
    installed = install(tmp_path, source, empty_database)
    check_types(source / "marketplace_loyalty", source / "tests")
    # As a release left it in which the program ended at the revision that the plugin depends on.
    installed.flask("db", "upgrade", "0042")
    installed.flask("db", "upgrade", "loyalty@head")
    connection = connect(empty_database)
    assert ask(connection, "SELECT version_num FROM alembic_version") == [("loyalty_0001",)]
    connection.close()

    installed.flask("db", "upgrade")
    installed.flask("db", "check")
    installed.run("-c", READY)
    check_document(installed, "loyalty")
    assert " passed" in installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", str(source))

    installed.flask("db", "downgrade", "loyalty@base")
    installed.flask("db", "upgrade")
