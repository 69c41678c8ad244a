"""The SQL of performers: what is written, and what is read."""

from marketplace.blueprints.performers.repositories.certificates import SqlCertificateRepository
from marketplace.blueprints.performers.repositories.directory import SqlPerformerDirectory
from marketplace.blueprints.performers.repositories.listings import SqlListingRepository
from marketplace.blueprints.performers.repositories.merging import SqlCategoryLinks
from marketplace.blueprints.performers.repositories.privacy import SqlPerformerRecords
from marketplace.blueprints.performers.repositories.profiles import (
    SqlFavouriteRepository,
    SqlPerformerRepository,
)
from marketplace.blueprints.performers.repositories.statistics import SqlStatistics
from marketplace.blueprints.performers.repositories.suggesting import SqlSuggestions

__all__ = [
    "SqlCategoryLinks",
    "SqlCertificateRepository",
    "SqlFavouriteRepository",
    "SqlListingRepository",
    "SqlPerformerDirectory",
    "SqlPerformerRecords",
    "SqlPerformerRepository",
    "SqlStatistics",
    "SqlSuggestions",
]
