"""Requests of one test share its application context; what a request left in `g` must not reach the next."""

from typing import Any

import pytest
from flask import g, has_app_context
from werkzeug.test import TestResponse

from marketplace.testing import CheckedClient


@pytest.fixture(autouse=True)
def _nothing_in_g(monkeypatch: pytest.MonkeyPatch) -> None:
    send = CheckedClient.open

    def fresh(self: CheckedClient, *args: Any, **kwargs: Any) -> TestResponse:
        if has_app_context():
            for name in list(g):
                g.pop(name)
        return send(self, *args, **kwargs)

    monkeypatch.setattr(CheckedClient, "open", fresh)
