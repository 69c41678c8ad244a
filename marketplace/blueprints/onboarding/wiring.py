"""Builds the services of onboarding."""

from dataclasses import dataclass

from marketplace.blueprints.accounts import public as accounts
from marketplace.blueprints.certificates import public as certificates
from marketplace.blueprints.onboarding.repositories import SqlChecklistRepository
from marketplace.blueprints.onboarding.services.applications import ApplicationService
from marketplace.blueprints.onboarding.services.checklist import ChecklistService
from marketplace.blueprints.performers import public as performers
from marketplace.web.runtime import Runtime, runtime


@dataclass(frozen=True)
class Onboarding:
    """The services of onboarding."""

    applications: ApplicationService
    checklist: ChecklistService


def build(parts: Runtime) -> Onboarding:
    """Wire services to what other domains give."""
    return Onboarding(
        applications=ApplicationService(
            parts.uow,
            performers.new_profiles(parts),
            certificates.intake(parts),
            accounts.avatars(parts),
            accounts.picture_allowance(parts),
        ),
        checklist=ChecklistService(SqlChecklistRepository(parts.uow), parts.clock),
    )


def onboarding() -> Onboarding:
    """The services of the current application."""
    return runtime().get(Onboarding)
