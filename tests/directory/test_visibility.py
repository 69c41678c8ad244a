"""Who is public: the expression, the database's functions and the listings say the same in every state."""

from itertools import product

import pytest
from sqlalchemy import select, update

from marketplace.extensions import db
from marketplace.models import Category, Performer, PerformerListing, Service, ServiceListing, User
from marketplace.models.visibility import PERFORMER_IS_PUBLIC, SERVICE_IS_PUBLIC
from marketplace.testing import START, Factory

STATUSES = ("pending", "approved", "rejected", "suspended")
SWITCH = (True, False)
MOMENT = (None, START)


@pytest.mark.parametrize("steps", [1, -1])
def test_performers(make: Factory, steps: int) -> None:
    """Through all states one after the other, so that the listing follows each way in and out."""
    performer = make.performer()
    said = select(PERFORMER_IS_PUBLIC).join(User, User.id == Performer.user_id)
    listed = select(PerformerListing.performer_id)
    seen = 0
    for active, status, is_active, deleted_at in list(product(SWITCH, STATUSES, SWITCH, MOMENT))[::steps]:
        db.session.execute(update(Performer).values(active=active, status=status))
        db.session.execute(
            update(User)
            .where(User.id == performer.user_id)
            .values(is_active=is_active, deleted_at=deleted_at)
        )
        wanted = active and status == "approved" and is_active and deleted_at is None
        assert db.session.execute(said.where(Performer.id == performer.id)).scalar_one() is wanted
        assert (db.session.scalar(listed) is not None) is wanted
        seen += wanted
    assert seen == 1


@pytest.mark.parametrize("steps", [1, -1])
def test_services(make: Factory, steps: int) -> None:
    service = make.service(make.performer())
    said = select(SERVICE_IS_PUBLIC).select_from(Service).join(Category, Category.id == Service.category_id)
    listed = select(ServiceListing.service_id)
    seen = 0
    states = list(product(SWITCH, SWITCH, MOMENT, MOMENT, SWITCH))[::steps]
    for active, is_active, deleted_at, hidden_at, category_is_active in states:
        db.session.execute(update(Performer).values(active=active))
        db.session.execute(
            update(Service).values(is_active=is_active, deleted_at=deleted_at, hidden_at=hidden_at)
        )
        db.session.execute(
            update(Category).where(Category.id == service.category_id).values(is_active=category_is_active)
        )
        wanted = is_active and deleted_at is None and hidden_at is None and category_is_active
        assert db.session.execute(said.where(Service.id == service.id)).scalar_one() is wanted
        assert (db.session.scalar(listed) is not None) is (wanted and active)
        seen += wanted
    assert seen == len(SWITCH)
