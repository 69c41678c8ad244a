"""Loads the shipped categories and cities."""

from marketplace.blueprints.catalog.contracts import ReferenceDataLoaded
from marketplace.blueprints.catalog.ports.reference import ReferenceSource, ReferenceStore
from marketplace.kernel.transactions import UnitOfWork


class ReferenceService:
    """Loads the shipped categories and cities."""

    def __init__(self, uow: UnitOfWork, store: ReferenceStore, source: ReferenceSource) -> None:
        self._uow = uow
        self._store = store
        self._source = source

    def is_loaded(self) -> bool:
        """Whether the shipped version is the loaded one."""
        with self._uow:
            return self._store.loaded_version() == self._source.data_version()

    def load(self, *, if_changed: bool) -> tuple[int, int] | None:
        """Load the shipped data in one transaction; returns how many categories and cities were written, or
        None when `if_changed` and the shipped version is already loaded.

        What staff has touched (version > 1) stays as staff left it; all else follows the shipped data.
        """
        version = self._source.data_version()
        with self._uow:
            self._store.take_turn()
            if if_changed and self._store.loaded_version() == version:
                return None
            written = (
                self._store.load_categories(self._source.read_categories()),
                self._store.load_cities(self._source.read_cities()),
            )
            self._store.remember(version)
            self._uow.record(ReferenceDataLoaded(version=version))
            return written
