"""Favourites: marked once however often, listed as long as the public may see them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Favourite, User
from marketplace.testing import CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]
LIST = "/api/v1/user/me/favourites"


def path(performer_id: int) -> str:
    return f"/api/v1/performers/{performer_id}/favourite"


def listed(client: CheckedClient, headers: dict[str, str], **query: Any) -> list[int]:
    answer = client.get(LIST, query_string=query, headers=headers)
    assert answer.status_code == 200, answer.json
    return [item["id"] for item in answer.json["items"]]


def test_marks_come_and_go(client: CheckedClient, make: Factory, auth: Auth, clock: FrozenClock) -> None:
    one, two, mine = make.performer(), make.performer(), auth(make.user())
    for performer in (one, two, one):
        clock.advance(timedelta(seconds=1))
        assert client.put(path(performer.id), headers=mine).status_code == 204
    assert listed(client, mine) == [two.id, one.id], "a second mark is no newer one"
    assert listed(client, auth(make.user())) == []
    for _ in range(2):
        assert client.delete(path(two.id), headers=mine).status_code == 204
    assert listed(client, mine) == [one.id]
    assert client.delete(path(999999999), headers=mine).status_code == 404


def test_who_is_hidden_is_neither_marked_nor_listed(client: CheckedClient, make: Factory, auth: Auth) -> None:
    seen, hidden, mine = make.performer(), make.performer(active=False), auth(make.user())
    assert client.put(path(hidden.id), headers=mine).status_code == 404
    assert client.put(path(999999999), headers=mine).status_code == 404
    client.put(path(seen.id), headers=mine)
    seen.active = False
    db.session.commit()
    assert listed(client, mine) == []
    assert client.delete(path(hidden.id), headers=mine).status_code == 404
    seen.active = True
    db.session.commit()
    assert listed(client, mine) == [seen.id]


def test_pages(client: CheckedClient, make: Factory, auth: Auth, clock: FrozenClock) -> None:
    mine = auth(make.user())
    ids = []
    for _ in range(5):
        clock.advance(timedelta(seconds=1))
        ids.append(make.performer().id)
        client.put(path(ids[-1]), headers=mine)
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = client.get(LIST, query_string=query, headers=mine).json
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == ids[::-1]
    foreign = client.get(LIST, query_string=query, headers=auth(make.user()))
    assert (foreign.status_code, foreign.json["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("count", [1, 6, 100])
def test_the_list_costs_three_queries_at_any_length(
    client: CheckedClient, make: Factory, auth: Auth, assert_queries: Callable[[int], Any], count: int
) -> None:
    user = make.user()
    city, category = make.city(), make.category()
    for _ in range(count):
        performer = make.performer(city_id=city.id, categories=[category])
        db.session.add(Favourite(user_id=user.id, performer_id=performer.id))
    db.session.commit()
    headers = auth(user)
    with assert_queries(2):  # who is calling, the cards, their categories
        assert len(listed(client, headers, limit=100)) == count
