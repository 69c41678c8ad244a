"""Who is who in disputes, as in orders, and the calls of theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from marketplace.testing import CheckedClient
from tests.orders.conftest import Deal, deal
from tests.support.disputes import send, stored

__all__ = ["deal"]


class Parties:
    """Calls of the parties and of staff about one order."""

    def __init__(self, client: CheckedClient, deal: Deal) -> None:
        self.client = client
        self.deal = deal
        self.order_id = deal.order("delivered").id

    def post(self, role: str, step: str, **body: Any) -> Any:
        path = f"/api/v1/orders/{self.order_id}/{step}"
        return self.client.post(path, json=body, headers=self.deal.headers[role])

    def done(self, role: str, step: str, **body: Any) -> Any:
        """As `post`, for a step that succeeds; gives the order."""
        answer = self.post(role, step, **body)
        assert answer.status_code == 200, answer.json
        return answer.json

    def code(self, role: str, step: str, **body: Any) -> tuple[int, str]:
        """As `post`, for a step that is refused."""
        answer = self.post(role, step, **body)
        return answer.status_code, answer.json["code"]

    def decide(self, role: str = "staff", **body: Any) -> Any:
        values = {"outcome": "cancelled", "reason": "As the photos show"} | body
        path = f"/api/v1/admin/orders/{self.order_id}/resolve"
        return self.client.post(path, json=values, headers=self.deal.headers[role])

    def get(self, role: str, what: str = "/dispute") -> Any:
        return self.client.get(f"/api/v1/orders/{self.order_id}{what}", headers=self.deal.headers[role])

    def dispute(self, role: str = "customer", **body: Any) -> Any:
        """Open a dispute, and read it as who opened it."""
        self.done(role, "dispute", **({"reason": "It fell down"} | body))
        return self.get(role).json

    def send(self, role: str, *args: Any, **values: Any) -> Any:
        return send(self.client, self.deal.headers[role], self.order_id, *args, **values)

    def queue(self, query: str = "", role: str = "moderator") -> list[Any]:
        answer = self.client.get(f"/api/v1/admin/disputes{query}", headers=self.deal.headers[role])
        assert answer.status_code == 200, answer.json
        found: list[Any] = answer.json["items"]
        return found


@pytest.fixture
def parties(client: CheckedClient, deal: Deal) -> Parties:
    return Parties(client, deal)


@pytest.fixture
def no_files(app: Flask) -> Callable[[], int]:
    """No file of another test; gives the number of files."""
    for path in stored(app):
        path.unlink()
    return lambda: len(stored(app))
