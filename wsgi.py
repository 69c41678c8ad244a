"""What gunicorn serves and `flask` works on."""

import sys

from marketplace import create_app
from marketplace.config import ConfigError
from marketplace.database.embedded import EmbeddedPostgresError
from marketplace.plugins import PluginError

try:
    app = create_app()
except (ConfigError, EmbeddedPostgresError, PluginError) as error:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(1) from None
