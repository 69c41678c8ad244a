"""The REST entry point of the onboarding checklist."""

from marketplace.blueprints.performers import checklist_schemas as schemas
from marketplace.blueprints.performers.blueprint import blp
from marketplace.blueprints.performers.checklist import Checklist
from marketplace.blueprints.performers.wiring import performers
from marketplace.web.access import current_principal, performer


@blp.get("/performers/me/checklist")
@performer
@blp.response(200, schemas.PerformerChecklist)
def get_checklist() -> Checklist:
    """What is done of the onboarding, and what is not"""
    return performers().checklist.get(current_principal())
