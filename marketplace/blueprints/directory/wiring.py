"""Builds the services of the directory."""

from dataclasses import dataclass

from marketplace.blueprints.certificates import public as certificates
from marketplace.blueprints.directory.ports import CardDirectory, ServiceDirectory, SuggestionDirectory
from marketplace.blueprints.directory.repositories.favourites import SqlFavouriteRepository
from marketplace.blueprints.directory.repositories.listings import SqlListingRepository
from marketplace.blueprints.directory.repositories.profiles import SqlProfileDirectory
from marketplace.blueprints.directory.repositories.search import SqlCardDirectory
from marketplace.blueprints.directory.repositories.services import SqlServiceDirectory
from marketplace.blueprints.directory.repositories.suggestions import SqlSuggestions
from marketplace.blueprints.directory.services.favourites import FavouriteService
from marketplace.blueprints.directory.services.listings import ListingService
from marketplace.blueprints.directory.services.profiles import PublicProfileService
from marketplace.blueprints.performers import public as performers
from marketplace.blueprints.portfolio import public as portfolio
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Directory:
    """The services of the directory, and repositories for lists without rules of their own."""

    cards: CardDirectory
    services: ServiceDirectory
    suggestions: SuggestionDirectory
    profiles: PublicProfileService
    favourites: FavouriteService
    marks: SqlFavouriteRepository
    listings: ListingService


def build(parts: Runtime) -> Directory:
    """Wire services to their adapters."""
    hours = parts.settings.market_hours
    cards = SqlCardDirectory(parts.uow, parts.cursors, parts.clock, hours)
    marks = SqlFavouriteRepository(parts.uow)
    return Directory(
        cards=cards,
        services=SqlServiceDirectory(parts.uow, parts.cursors, parts.clock, hours),
        suggestions=SqlSuggestions(parts.uow, parts.clock, hours),
        profiles=PublicProfileService(
            SqlProfileDirectory(parts.uow, parts.clock), certificates.shelf(parts), portfolio.shelf(parts)
        ),
        favourites=FavouriteService(parts.uow, marks, cards, performers.find_visible_performer, parts.clock),
        marks=marks,
        listings=ListingService(parts.uow, SqlListingRepository(parts.uow)),
    )


def directory() -> Directory:
    """The services of the current application."""
    return runtime().get(Directory)
