"""Builds the services of portfolios."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.portfolio.repositories import SqlPortfolioRepository
from marketplace.blueprints.portfolio.services import CONTENT_TYPE, WHOLE, PortfolioFiles, PortfolioService
from marketplace.kernel.personal_data import ExportFile
from marketplace.outside.ports import PrivateFile
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Portfolio:
    """The services of portfolios."""

    own: PortfolioService
    files: PortfolioFiles
    rows: SqlPortfolioRepository


def build(parts: Runtime) -> Portfolio:
    """Wire services to their adapters."""
    uow, clock, outside = parts.uow, parts.clock, parts.outside
    files, pictures, links = outside.files, outside.pictures, outside.private_files
    rows = SqlPortfolioRepository(uow)
    return Portfolio(
        own=PortfolioService(uow, rows, accounts.picture_allowance(parts), files, pictures, links, clock),
        files=PortfolioFiles(uow, rows, files, pictures, clock),
        rows=rows,
    )


def portfolio() -> Portfolio:
    """The services of the current application."""
    return runtime().get(Portfolio)


def is_shown(key: str) -> bool:
    """Pictures of approved performers are public; the others need a link."""
    with runtime().uow:
        return portfolio().rows.is_shown(key)


def find_file(image_id: int, which: str) -> PrivateFile | None:
    """The file that a link opens."""
    with runtime().uow:
        keys = portfolio().rows.find_keys(image_id)
    key = None if keys is None else keys[0 if which == WHOLE else 1]
    return None if key is None else PrivateFile(key, CONTENT_TYPE, f"portfolio-{image_id}.webp")


def files_of(user_id: int) -> Iterator[ExportFile]:
    """The files for an export."""
    for image_id, key in portfolio().rows.list_keys(user_id):
        yield ExportFile(f"portfolio/portfolio-{image_id}.webp", key)
