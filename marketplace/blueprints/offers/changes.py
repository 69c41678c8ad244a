"""Strategies for editing the fields of a service."""

from collections.abc import Mapping
from typing import Any

from marketplace.kernel.changes import Attribute, FieldStrategy
from marketplace.kernel.money import Money


class Price(FieldStrategy):
    """A price stands in two columns; its JSON is the contract's money object."""

    def read(self, subject: Any) -> Any:
        """The present price, None without one."""
        if subject.price_amount is None:
            return None
        return {"amount": subject.price_amount, "currency": subject.price_currency}

    def apply(self, subject: Any, value: Any) -> None:
        subject.price_amount = value["amount"] if value else None
        subject.price_currency = value["currency"] if value else None


def price_json(price: Money | None) -> dict[str, Any] | None:
    """`price` as the strategy takes it."""
    return None if price is None else {"amount": price.amount, "currency": price.currency}


SERVICE_FIELDS: Mapping[str, FieldStrategy] = {
    "price": Price(),
    **{
        name: Attribute(name)
        for name in ("category_id", "title", "description", "pricing", "duration_minutes", "is_active")
    },
}
