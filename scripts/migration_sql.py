"""Write each migration's SQL into a file of its own, for squawk: `migration_sql.py FOLDER`.

All in one process, since each start of the program takes longer than all the SQL.
"""

import sys
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from flask import current_app

from marketplace import create_app


def main(folder: Path) -> None:
    """Each migration by itself: what an earlier one made is there already when it runs."""
    with create_app().app_context():
        config = current_app.extensions["migrate"].migrate.get_config()
        scripts = ScriptDirectory.from_config(config)
        for script in scripts.walk_revisions(head="heads"):
            with (folder / f"{script.revision}.sql").open("w") as config.output_buffer:
                command.upgrade(config, f"{script.down_revision or 'base'}:{script.revision}", sql=True)


main(Path(sys.argv[1]))
