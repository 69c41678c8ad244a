"""The bus between processes: Redis when there is one, else PostgreSQL's LISTEN/NOTIFY."""

from marketplace.database.dsn import libpq_dsn
from marketplace.realtime.postgres_bus import PostgresManager
from marketplace.realtime.pubsub import BusManager
from marketplace.realtime.redis_bus import RedisBusManager


def build_manager(database_url: str, redis_url: str | None) -> BusManager:
    """The client manager for python-socketio. `database_url` is SQLAlchemy's."""
    if redis_url is not None:
        return RedisBusManager(redis_url)
    return PostgresManager(libpq_dsn(database_url))
