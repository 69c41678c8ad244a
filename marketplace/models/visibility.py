"""Visibility to the public, defined once: by the database functions that also keep the listings."""

from sqlalchemy import Boolean, func

from marketplace.models.accounts import User
from marketplace.models.catalog import Category, Service
from marketplace.models.performers import Performer

PERFORMER_IS_PUBLIC = func.performer_is_public(
    Performer.active, Performer.status, User.is_active, User.deleted_at, type_=Boolean
)
"""The performer is approved, switched on and of an active user; the statement must join the user."""

SERVICE_IS_PUBLIC = func.service_is_public(
    Service.is_active, Service.deleted_at, Service.hidden_at, Category.is_active, type_=Boolean
)
"""The service of a public performer is offered, not deleted or hidden, and in an active category; the
statement must join the category.
"""

INITIAL = func.left(User.last_name, 1)
"""The only part of a last name that others see."""
