"""Rows for tests, with as little said as possible."""

from datetime import timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import uuid4

from marketplace.extensions import db
from marketplace.models import (
    Base,
    Category,
    Certificate,
    Chat,
    ChatMember,
    City,
    Message,
    Order,
    OrderSeries,
    Performer,
    PerformerCategory,
    Review,
    Service,
    User,
)
from marketplace.testing.clock import START

PASSWORD = "Correct-Horse-7"  # noqa: S105 - of people in tests
"""A password that the rules take."""
Row = TypeVar("Row", bound=Base)
_numbers = count(1)


class Factory:
    """`make.user(first_name="Ann")`: defaults for all that is not said; everything is flushed."""

    def _add(self, row: Row) -> Row:
        db.session.add(row)
        db.session.commit()
        return row

    def user(self, **values: Any) -> User:
        """A user with a confirmed e-mail address."""
        n = next(_numbers)
        defaults: dict[str, Any] = {
            "username": f"user{n}",
            "email": f"user{n}@example.org",
            "email_verified": True,
            "first_name": f"First{n}",
            "last_name": f"Last{n}",
            # No password has this hash: sign in with the fixture `auth`, or sign up.
            "password_hash": "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CQhc4hPDxQ5hMLmzmIWRpw",
        }
        return self._add(User(**defaults | values))

    def staff(self, role: str = "moderator", **values: Any) -> User:
        """A moderator or an admin."""
        return self.user(roles=[role], **values)

    def city(self, **values: Any) -> City:
        n = next(_numbers)
        defaults: dict[str, Any] = {
            "id": 10_000_000 + n,
            "name": f"City {n}",
            "ascii_name": f"City {n}",
            "country_code": "DE",
            "latitude": 52.5,
            "longitude": 13.4,
            "timezone": "Europe/Berlin",
            "population": 100_000 + n,
        }
        row = City(**defaults | values)
        if not row.search_names:
            row.search_names = "\n".join({row.name.lower(), row.ascii_name.lower()})
        return self._add(row)

    def category(self, **values: Any) -> Category:
        n = next(_numbers)
        defaults: dict[str, Any] = {
            "slug": f"category-{n}",
            "names": {"en": f"Category {n}", "es": f"Categoría {n}", "ar": f"فئة {n}"},
            "position": n,
        }
        return self._add(Category(**defaults | values))

    def performer(
        self, user: User | None = None, *, categories: list[Category] | None = None, **values: Any
    ) -> Performer:
        """An approved, active performer, with a user, a city and a category of its own unless given."""
        user = user or self.user()
        city_id = values.pop("city_id", None) or self.city().id
        defaults: dict[str, Any] = {
            "user_id": user.id,
            "city_id": city_id,
            "headline": "Electrician",
            "about": "Twenty years of experience",
            "address": {"line1": "Main Street 1", "postal_code": "10115"},
            "timezone": "Europe/Berlin",
            "status": "approved",
        }
        row = self._add(Performer(**defaults | values))
        for category in categories if categories is not None else [self.category()]:
            self._add(PerformerCategory(performer_id=row.id, category_id=category.id))
        return row

    def service(self, performer: Performer | None = None, **values: Any) -> Service:
        performer = performer or self.performer()
        category_id = values.pop("category_id", None) or self.category().id
        defaults: dict[str, Any] = {
            "performer_id": performer.id,
            "category_id": category_id,
            "title": "Install a lamp",
            "description": "With all that is needed",
            "pricing": "fixed",
            "price_amount": 5000,
            "price_currency": "EUR",
            "duration_minutes": 60,
        }
        return self._add(Service(**defaults | values))

    def certificate(self, performer: Performer | None = None, **values: Any) -> Certificate:
        """A certificate that waits for staff, or was decided on when `status` says so; without a file."""
        performer = performer or self.performer()
        defaults: dict[str, Any] = {
            "performer_id": performer.id,
            "title": "Master craftsman",
            "issued_on": START.date() - timedelta(days=365),
            "file_key": f"private/certificates/{uuid4().hex}.pdf",
            "content_type": "application/pdf",
            "size": 5,
            "sha256": "0" * 64,
        }
        if values.get("status", "pending") != "pending":
            defaults["decided_at"] = START
        if values.get("status") == "rejected":
            defaults["reason"] = "Not readable"
        return self._add(Certificate(**defaults | values))

    def order(self, customer: User | None = None, service: Service | None = None, **values: Any) -> Order:
        """A pending order for the morning after the frozen clock's start."""
        customer = customer or self.user()
        service = service or self.service()
        starts_at = values.pop("starts_at", START + timedelta(days=1))
        defaults: dict[str, Any] = {
            "customer_id": customer.id,
            "performer_id": service.performer_id,
            "service_id": service.id,
            "title": service.title,
            "pricing": service.pricing,
            "price_amount": service.price_amount,
            "price_currency": service.price_currency,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=service.duration_minutes),
            "address": {"line1": "Side Street 2"},
            "state_entered_at": START,
        }
        if values.get("status") == "confirmed":
            defaults["state_entered_at"] = min(START, starts_at)
        if values.get("status") == "disputed":
            opened = {"disputed_from": "delivered", "disputed_by": "customer", "disputed_after": timedelta(0)}
            defaults |= {**opened, "decision_due_at": START + timedelta(hours=72)}
        return self._add(Order(**defaults | values))

    def series(
        self, customer: User | None = None, service: Service | None = None, count: int = 2, **values: Any
    ) -> OrderSeries:
        """A weekly series with its orders; `values` are those of the orders."""
        customer = customer or self.user()
        service = service or self.service()
        starts_at = values.pop("starts_at", START + timedelta(days=1))
        row = self._add(
            OrderSeries(
                customer_id=customer.id,
                performer_id=service.performer_id,
                service_id=service.id,
                repeat="weekly",
                count=count,
                timezone="UTC",
                starts_at=starts_at,
            )
        )
        for number in range(count):
            self.order(
                customer,
                service,
                **values,
                starts_at=starts_at + number * timedelta(weeks=1),
                series_id=row.id,
                series_position=number + 1,
            )
        return row

    def review(self, order: Order | None = None, **values: Any) -> Review:
        """The customer's published review of a completed order."""
        order = order or self.order(status="completed", completed_at=START)
        defaults: dict[str, Any] = {
            "order_id": order.id,
            "author_id": order.customer_id,
            "direction": "of_performer",
            "performer_id": order.performer_id,
            "customer_id": order.customer_id,
            "rating": 5,
            "text": "Very good work",
            "publish_at": START,
            "published_at": START,
        }
        return self._add(Review(**defaults | values))

    def chat(self, customer: User | None = None, performer: Performer | None = None) -> Chat:
        """A chat with its two members and no messages."""
        customer = customer or self.user()
        performer = performer or self.performer()
        row = self._add(Chat(customer_id=customer.id, performer_id=performer.id))
        for user_id in (customer.id, performer.user_id):
            self._add(ChatMember(chat_id=row.id, user_id=user_id))
        return row

    def message(self, chat: Chat, sender_id: int, text: str = "Hello", **values: Any) -> Message:
        """The next message of a chat."""
        chat.last_seq += 1
        defaults: dict[str, Any] = {
            "chat_id": chat.id,
            "seq": chat.last_seq,
            "sender_id": sender_id,
            "client_id": uuid4(),
            "text": text,
        }
        return self._add(Message(**defaults | values))
