"""What makes performers and their services public, as conditions for statements on the tables themselves."""

from sqlalchemy import func

from marketplace.blueprints.performers import policies
from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.performers import Performer

VISIBLE = (Performer.active, Performer.status == policies.APPROVED, User.is_active, User.deleted_at.is_(None))
"""What makes a performer public; the statement must join the user."""

INITIAL = func.left(User.last_name, 1)

OFFERED = (
    Service.is_active,
    Service.deleted_at.is_(None),
    Service.hidden_at.is_(None),
    Category.is_active,
)
"""What makes a service of a public performer public; the statement must join its category."""
