"""The embedded PostgreSQL: started for whoever needs it first, stopped when the last one is gone.

Every process that uses the server holds a shared lock on `users.lock`; the kernel drops it even after
kill -9. A detached supervisor starts the server, restarts it when it dies, and waits for the exclusive
lock: having it means that nobody is left, so it stops the server and ends. While it lives it holds
`supervisor.lock`, for which the users wait: having it means that it was killed, so one of them starts
another. Whatever belongs to the server itself holds `server.lock`, so no second one is ever started on
its data, and what its files say of a server that is gone is not believed.

This package imports nothing but the standard library: the supervisor runs it without the rest.
"""

from .places import find_binaries, home_of, socket_folder
from .server import INSTANCE_FILE, ROOT_HOME, SERVER_LOCK, EmbeddedPostgresError, Server, take
from .users import ensure_running, release

__all__ = [
    "INSTANCE_FILE",
    "ROOT_HOME",
    "SERVER_LOCK",
    "EmbeddedPostgresError",
    "Server",
    "ensure_running",
    "find_binaries",
    "home_of",
    "release",
    "socket_folder",
    "take",
]
