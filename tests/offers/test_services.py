"""Services as the public sees them."""

import pytest

from marketplace.blueprints.offers import public
from marketplace.kernel.errors import NotFound
from marketplace.testing import START


def test_a_service_as_the_public_sees_it(client, make):
    performer = make.performer(
        make.user(first_name="Ann", last_name="Berg"),
        verified=True,
        rating_count=3,
        rating_sum=14,
        rating_histogram=[0, 0, 0, 1, 2],
    )
    service = make.service(performer)
    item = client.get("/api/v1/services").json["items"][0]
    assert item["performer"] == {
        "id": performer.id,
        "first_name": "Ann",
        "last_name": "B",
        "avatar_url": None,
        "city_id": performer.city_id,
        "verified": True,
        "rating": 4.67,
        "rating_count": 3,
    }
    assert item["price"] == {"amount": 5000, "currency": "EUR"}
    one = client.get(f"/api/v1/services/{service.id}")
    assert one.json | {"distance_km": None} == item
    assert one.headers["ETag"].startswith('"1-')
    assert one.headers["Cache-Control"] == "public, max-age=30"
    again = client.get(f"/api/v1/services/{service.id}", headers={"If-None-Match": one.headers["ETag"]})
    assert again.status_code == 304


def test_how_far_a_service_is_and_who_offers_it(client, make):
    near = make.city(latitude=52.5, longitude=13.4)
    far = make.city(latitude=48.1, longitude=11.6)
    seen = make.user(avatar_key="avatars/ann.webp")
    services = [make.service(make.performer(user, city_id=city.id)) for user, city in
                ((seen, near), (make.user(), far))]  # fmt: skip
    for query in ("sort=distance", "sort=price", "sort=newest&radius_km=900"):
        items = client.get(f"/api/v1/services?near=52.5,13.5&{query}").json["items"]
        assert {item["id"]: item["distance_km"] for item in items} == {
            services[0].id: 6.8,
            services[1].id: 507.5,
        }
    (first, _) = client.get("/api/v1/services?near=52.5,13.5&sort=distance").json["items"]
    assert first["performer"]["avatar_url"] == "/media/avatars/ann.webp"


def hidden_services(make):
    """One service for each reason to hide it."""
    return [
        make.service(is_active=False),
        make.service(deleted_at=START),
        make.service(make.performer(status="pending")),
        make.service(make.performer(status="suspended")),
        make.service(make.performer(active=False)),
        make.service(make.performer(make.user(is_active=False))),
        make.service(make.performer(make.user(deleted_at=START))),
        make.service(category_id=make.category(is_active=False).id),
    ]


def test_hidden_services(client, make, auth):
    hidden = hidden_services(make)
    assert client.get("/api/v1/services").json["items"] == []
    moderator = auth(make.staff())
    for service in hidden:
        assert client.get(f"/api/v1/services/{service.id}").status_code == 404
        with pytest.raises(NotFound):
            public.get_service_for_booking(service.id)
        seen = client.get(f"/api/v1/services/{service.id}", headers=moderator)
        assert seen.status_code == (404 if service.deleted_at else 200)
        assert seen.headers["Cache-Control"] in {"private, no-cache", "no-store"}


def test_what_an_order_copies(context, make):
    service = make.service()
    booked = public.get_service_for_booking(service.id)
    assert (booked.performer_id, booked.title, booked.price.amount) == (
        service.performer_id,
        service.title,
        5000,
    )
