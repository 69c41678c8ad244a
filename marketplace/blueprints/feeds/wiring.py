"""Builds the services of feeds."""

from dataclasses import dataclass

from marketplace.blueprints.feeds.adapters import IcalendarWriter
from marketplace.blueprints.feeds.ports import FeedRepository
from marketplace.blueprints.feeds.repositories import SqlFeedRepository
from marketplace.blueprints.feeds.services import FeedService
from marketplace.outside.ics_reader import own_domain
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Feeds:
    """The services of feeds."""

    feeds: FeedService
    rows: FeedRepository


def build(parts: Runtime) -> Feeds:
    """Wire services to their adapters."""
    rows = SqlFeedRepository(parts.uow)
    writer = IcalendarWriter(own_domain(parts.settings.secret_key))
    return Feeds(feeds=FeedService(parts.uow, rows, writer, parts.clock), rows=rows)


def feeds() -> Feeds:
    """The services of the current application."""
    return runtime().get(Feeds)
