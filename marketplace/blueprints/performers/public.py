"""Functions of performers that other domains may call."""

from marketplace.blueprints.performers.contracts import NewProfiles, PerformerRef, Verification
from marketplace.blueprints.performers.wiring import Performers, performers
from marketplace.web.runtime import Runtime


def find_performer(performer_id: int) -> PerformerRef | None:
    """A performer in any state."""
    return performers().directory.find_ref(performer_id)


def find_visible_performer(performer_id: int) -> PerformerRef | None:
    """A public performer: approved, active, with a live account."""
    return performers().directory.find_ref(performer_id, visible=True)


def new_profiles(parts: Runtime) -> NewProfiles:
    """Creates performers."""
    return parts.get(Performers).profiles


def verification(parts: Runtime) -> Verification:
    """Grants and withdraws `verified`."""
    return parts.get(Performers).verification
