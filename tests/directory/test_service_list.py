"""The public list of services: its filters and orders."""

from datetime import timedelta

import pytest

from marketplace.testing import START
from tests.support.lists import walks_whole


def test_filters(client, make):
    parent = make.category()
    child = make.category(parent_id=parent.id)
    leaf = make.category(parent_id=child.id)
    good = make.performer(verified=True, rating_count=4, rating_sum=18, rating_histogram=[0, 0, 0, 2, 2])
    few = make.performer(rating_count=2, rating_sum=10, rating_histogram=[0, 0, 0, 0, 2])
    a = make.service(good, category_id=leaf.id, price_amount=1000, title="Fix a tap")
    b = make.service(few, category_id=parent.id, price_amount=2000, description="We fix TAPS")
    c = make.service(price_amount=None, price_currency=None, pricing="quote")
    d = make.service(price_amount=1500, price_currency="JPY")

    def found(query):
        return {item["id"] for item in client.get(f"/api/v1/services?{query}").json["items"]}

    assert found("") == {a.id, b.id, c.id, d.id}
    assert found(f"city_id={good.city_id}") == {a.id}
    assert found(f"category_id={parent.id}") == {a.id, b.id}
    assert found(f"category_id={leaf.id}") == {a.id}
    assert found("category_id=999999") == set()
    assert found(f"performer_id={few.id}") == {b.id}
    assert found("q=tap") == {a.id, b.id}
    assert found("max_price=1500") == {a.id, d.id}
    assert found("max_price=1500&currency=EUR") == {a.id}
    assert found("verified=true") == {a.id}
    assert found("verified=false") == {b.id, c.id, d.id}
    assert found("min_rating=4.5") == {a.id}
    assert found("min_rating=4.6") == set()


@pytest.mark.parametrize("sort", ["newest", "price", "rating"])
def test_every_sort_walks_the_whole_list(client, make, sort):
    performers = [
        make.performer(rating_count=n, rating_sum=total, rating_histogram=[0, 0, 0, 0, n])
        for n, total in ((0, 0), (1, 5), (50, 245), (4, 8))
    ]
    rows = []
    for n in range(9):
        priced = n % 4 != 3
        rows.append(
            make.service(
                performers[n % 4],
                pricing="fixed" if priced else "quote",
                price_amount=(n % 3) * 100 if priced else None,
                price_currency="EUR" if priced else None,
                created_at=START - timedelta(days=n % 3),
            )
        )
    rank = {0: 4.0, 1: 25 / 6, 2: 265 / 55, 3: 28 / 9}
    orders = {
        "newest": lambda i: (-rows[i].created_at.timestamp(), -rows[i].id),
        "price": lambda i: (2**62 if rows[i].price_amount is None else rows[i].price_amount, rows[i].id),
        "rating": lambda i: (-rank[i % 4], -rows[i].id),
    }
    expected = [rows[i].id for i in sorted(range(9), key=orders[sort])]
    walks_whole(client, f"/api/v1/services?sort={sort}", expected)
