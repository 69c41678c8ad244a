"""A cursor that a list did not give out, as it stands, is 400 `invalid_cursor`, whatever is wrong with it."""

from collections.abc import Callable

import pytest

from marketplace.models import User
from marketplace.testing import CheckedClient, Factory

LIST = "/api/v1/user/sessions"


@pytest.mark.parametrize("place", ["after", "before"])
@pytest.mark.parametrize(
    "bent",
    [
        "",
        " ",
        "{} ",
        " {}",
        "{}=",
        "{}==",
        "{}\n",
        "{}\u200b",
        "{}\u202e",
        "x",
        ".",
        "é",
        "{0}" * 30,
        "a" * 3000,
    ],
)
def test_bent_cursors(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]], bent: str, place: str
) -> None:
    user = make.user()
    headers, *_ = [auth(user) for _ in range(3)]
    first = client.get(LIST, query_string={"limit": 1}, headers=headers).json
    cursor = first["next"]
    if place == "before":
        cursor = client.get(LIST, query_string={"limit": 1, "after": cursor}, headers=headers).json[
            "previous"
        ]
    good = client.get(LIST, query_string={"limit": 1, place: cursor}, headers=headers)
    assert good.status_code == 200
    bad = client.get(LIST, query_string={"limit": 1, place: bent.format(cursor)}, headers=headers)
    assert (bad.status_code, bad.json["code"]) == (400, "invalid_cursor")
