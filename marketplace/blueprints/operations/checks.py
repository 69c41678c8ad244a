"""What /health/ready looks at."""

from functools import cached_property

import redis
from alembic.script import ScriptDirectory
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from marketplace.extensions import db, migrate

REDIS_TIMEOUT_SECONDS = 0.5


def check_database() -> str | None:
    """Whether the database answers."""
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "does not answer"
    return None


class MigrationsCheck:
    """Whether every branch of migrations is at its head, or past it."""

    def __call__(self) -> str | None:
        """See the class."""
        try:
            with db.engine.connect() as connection:
                current = set(connection.scalars(text("SELECT version_num FROM alembic_version")))
        except ProgrammingError:
            current = set()  # no such table: nothing was migrated yet
        except SQLAlchemyError:
            return "cannot be read"
        missing = self.missing(current)
        return f"run `flask db upgrade`: {', '.join(missing)} missing" if missing else None

    def missing(self, current: set[str]) -> list[str]:
        """The heads that a database whose revisions are `current` has yet to reach."""
        behind = {head for head in self._lineage if head not in current}
        if current - set().union(*self._lineage.values()):
            # There is a revision that we do not know: a newer release has migrated, which older code
            # must live with. Only a branch that stands at one of our own older revisions is behind.
            behind = {head for head in behind if current & self._lineage[head]}
        return sorted(behind)

    @cached_property
    def _lineage(self) -> dict[str, set[str]]:
        """Each head with all revisions that lead to it; read once, as the files are those of this release."""
        scripts = ScriptDirectory.from_config(migrate.get_config())  # type: ignore[arg-type]  # the stubs' own Config
        return {
            head: {script.revision for script in scripts.iterate_revisions(head, "base")}
            for head in scripts.get_heads()
        }


class RedisCheck:
    """Whether Redis answers."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self) -> str | None:
        """See the class."""
        client = redis.Redis.from_url(
            self._url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        except redis.RedisError:
            return "does not answer"
        finally:
            client.close()
        return None
