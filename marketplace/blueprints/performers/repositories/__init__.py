"""The SQL of performers: what is written, and what is read."""

from marketplace.blueprints.performers.repositories.directory import SqlPerformerDirectory
from marketplace.blueprints.performers.repositories.privacy import SqlPerformerRecords
from marketplace.blueprints.performers.repositories.profiles import SqlPerformerRepository

__all__ = ["SqlPerformerDirectory", "SqlPerformerRecords", "SqlPerformerRepository"]
