"""Builds the services of portfolios."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.integrations import public as integrations
from marketplace.blueprints.performers.portfolio import (
    CONTENT_TYPE,
    DELETE_JOB,
    FOLDER,
    KIND,
    WHOLE,
    PortfolioFiles,
    PortfolioService,
)
from marketplace.blueprints.performers.repositories.portfolio import SqlPortfolioRepository
from marketplace.web.runtime import Runtime


@dataclass(frozen=True)
class Portfolio:
    """The services of portfolios."""

    own: PortfolioService
    files: PortfolioFiles
    rows: SqlPortfolioRepository
    parts: Runtime

    def forget(self, user_id: int) -> None:
        """Remove the pictures of who has left; the files go after the commit."""
        keys = self.rows.forget(user_id)
        if keys:
            self.parts.uow.enqueue(DELETE_JOB, {"keys": keys})


def build_portfolio(parts: Runtime) -> Portfolio:
    """Wire services to their adapters; the export holds the rows."""
    files, pictures = integrations.files(parts), integrations.pictures(parts)
    rows = SqlPortfolioRepository(parts.uow)

    def files_of(user_id: int) -> Iterator[accounts.ExportFile]:
        for image_id, key in rows.list_keys(user_id):
            yield accounts.ExportFile(f"portfolio/portfolio-{image_id}.webp", key)

    accounts.register_export(parts, accounts.ExportSection("portfolio", rows.export, files_of))
    _show(parts, rows)
    return Portfolio(
        own=PortfolioService(
            parts.uow,
            rows,
            accounts.picture_allowance(parts),
            files,
            pictures,
            integrations.private_files(parts),
            parts.clock,
        ),
        files=PortfolioFiles(parts.uow, rows, files, pictures, parts.clock),
        rows=rows,
        parts=parts,
    )


def _show(parts: Runtime, rows: SqlPortfolioRepository) -> None:
    """Pictures of approved performers to everybody, the others to who has a link."""

    def is_shown(key: str) -> bool:
        with parts.uow:
            return rows.is_shown(key)

    def find(image_id: int, which: str) -> integrations.PrivateFile | None:
        with parts.uow:
            keys = rows.find_keys(image_id)
        key = None if keys is None else keys[0 if which == WHOLE else 1]
        if key is None:
            return None
        return integrations.PrivateFile(key, CONTENT_TYPE, f"portfolio-{image_id}.webp")

    integrations.public_files(parts).register(FOLDER, is_shown)
    integrations.private_files(parts).register(KIND, find)
