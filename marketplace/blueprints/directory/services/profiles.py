"""The public profile of a performer, assembled from the views that each domain gives."""

from dataclasses import replace

from marketplace.blueprints.certificates.contracts import CertificateShelf
from marketplace.blueprints.directory.ports import ProfileDirectory, PublicProfile
from marketplace.blueprints.portfolio.contracts import PortfolioShelf
from marketplace.kernel.errors import NotFound


class PublicProfileService:
    """Reads public profiles, for everybody."""

    def __init__(
        self, profiles: ProfileDirectory, certificates: CertificateShelf, portfolio: PortfolioShelf
    ) -> None:
        self._profiles = profiles
        self._certificates = certificates
        self._portfolio = portfolio

    def get(self, performer_id: int, language: str) -> PublicProfile:
        """A public profile. Raises NotFound, also for one that is not public."""
        found = self._profiles.find_public(performer_id, language)
        if found is None:
            raise NotFound
        return replace(
            found,
            portfolio=self._portfolio.list_public(found.id),
            certificates=self._certificates.list_public(found.id, found.timezone),
        )
