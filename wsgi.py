"""What gunicorn serves and `flask` works on."""

import atexit
import gc

import click

import marketplace
from marketplace.commands import CommandLine, one_line

# Python would collect the whole program before a command ends: 1 to 2 s.
atexit.register(gc.freeze)

with one_line():
    # `flask` asks for an app while it looks for its command, which may be `--help`.
    app = marketplace.create_app() if click.get_current_context(silent=True) is None else CommandLine()
