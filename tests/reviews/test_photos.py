"""Photos come with the review, are the author's alone until it is published, and go with it or with the author."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from marketplace.blueprints.reviews.policies import right_of
from marketplace.blueprints.reviews.services import photos as photo_services
from marketplace.blueprints.reviews.wiring import Reviews
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Order, Review, ReviewPhoto, User
from marketplace.testing import START
from marketplace.web.caching import topics
from marketplace.web.runtime import Runtime
from tests.portfolio.test_portfolio import bomb, picture
from tests.reviews.conftest import Job


@pytest.fixture(autouse=True)
def uploads(app: Flask) -> Path:
    """Where the files are; empty at the start."""
    place = Path(app.instance_path) / "uploads" / "reviews"
    for path in place.glob("*"):
        path.unlink()
    return place


def send(work: Job, order: Order, *photos: bytes, role: str = "customer", **more: Any) -> Any:
    """The role's review with photos."""
    data = {"rating": "5", "photos": [(io.BytesIO(one), f"{n}.png") for n, one in enumerate(photos)]}
    headers = work.headers[role] | more.pop("headers", {})
    url = f"/api/v1/orders/{order.id}/review"
    return work.client.post(url, data=data | more, headers=headers, content_type="multipart/form-data")


def links(shown: Any) -> list[str]:
    return [one[which] for one in shown["photos"] for which in ("url", "thumbnail_url")]


def opens(work: Job, urls: list[str]) -> set[int]:
    """The statuses of the files at these addresses, for whoever has them."""
    return {work.client.get(url).status_code for url in urls}


def own(work: Job, order: Order, role: str = "customer") -> Any:
    """The customer's review, as a party sees it."""
    found = work.get(role, f"/orders/{order.id}/reviews").json["reviews"]
    return next(one for one in found if one["direction"] == "of_performer")


def publish(work: Job, *photos: bytes) -> tuple[Order, int]:
    order = work.order()
    assert work.write("performer", order).status_code == 201
    made = send(work, order, *(photos or (picture(),)))
    assert (made.status_code, made.json["published_at"]) == (201, "2026-05-04T09:00:00Z")
    topics.clear()
    return order, int(made.json["id"])


def test_they_come_with_the_review(work: Job, uploads: Path) -> None:
    order = work.order()
    aspects = {"quality": 5}
    made = send(
        work,
        order,
        picture(size=(3000, 1500)),
        picture("JPEG", (30, 40)),
        aspects=json.dumps(aspects),
        text="Fine",
    )
    assert made.status_code == 201
    assert (made.json["text"], made.json["aspects"]["quality"]) == ("Fine", 5)
    sizes = [(one["width"], one["height"]) for one in made.json["photos"]]
    assert sizes == [(1600, 800), (30, 40)]
    whole, thumbnail, *_ = links(made.json)
    answer = work.client.get(whole)
    assert (answer.status_code, answer.content_type) == (200, "image/webp")
    assert Image.open(io.BytesIO(answer.data)).size == (1600, 800)
    assert Image.open(io.BytesIO(work.client.get(thumbnail).data)).size == (400, 200)
    assert len(list(uploads.iterdir())) == 4


def test_what_cameras_add_is_gone(work: Job, uploads: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret camera"
    order = work.order()
    assert send(work, order, picture("JPEG", exif=exif)).status_code == 201
    for path in uploads.iterdir():
        assert b"Secret camera" not in path.read_bytes()
        with Image.open(path) as stored:
            assert not stored.getexif()


def test_only_the_author_has_them_until_both_have_written(work: Job) -> None:
    order = work.order()
    made = send(work, order, picture()).json
    [photo] = db.session.scalars(select(ReviewPhoto))
    public = [f"/media/{photo.key}", f"/media/{photo.thumbnail_key}"]
    assert opens(work, public) == {404}
    assert opens(work, links(made)) == {200}
    assert work.get("performer", f"/orders/{order.id}/reviews").json["reviews"] == []
    assert work.public() == []
    work.write("performer", order)
    [shown] = work.public()
    assert links(shown) == public
    assert opens(work, public) == {200}
    theirs = own(work, order, "performer")
    assert opens(work, links(theirs)) == {200}


def test_published_at_once_with_the_second_review(work: Job) -> None:
    order, _ = publish(work, picture(), picture(), picture(), picture(), picture())
    [shown] = work.public()
    assert len(shown["photos"]) == 5
    assert opens(work, links(shown)) == {200}
    assert len(own(work, order)["photos"]) == 5


def test_hidden_ones_are_shown_to_staff_alone(work: Job) -> None:
    order, review_id = publish(work)
    [shown] = work.public()
    parties = links(own(work, order)) + links(own(work, order, "performer"))
    hidden = work.post("staff", f"/admin/reviews/{review_id}/hide", reason="Shows a face").json
    assert opens(work, links(shown) + parties) == {404}
    assert own(work, order)["photos"] == []
    listed = work.get("staff", "/admin/reviews?hidden=true").json["items"][0]
    assert opens(work, links(hidden) + links(listed)) == {200}
    back = work.post("staff", f"/admin/reviews/{review_id}/restore").json
    assert opens(work, links(shown) + parties + links(back)) == {200}


def test_nobody_photographs_customers(work: Job, uploads: Path) -> None:
    order = work.order()
    refused = send(work, order, picture(), role="performer")
    assert (refused.status_code, refused.json["code"]) == (422, "only_of_performers")
    assert list(uploads.glob("*")) == []
    assert send(work, order, role="performer").status_code == 201


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [("anonymous", 401, "unauthenticated"), ("unverified", 403, None), ("stranger", 404, "not_found"),
     ("staff", 404, "not_found")],
)  # fmt: skip
def test_strangers_send_nothing(work: Job, uploads: Path, role: str, status: int, code: str | None) -> None:
    refused = send(work, work.order(), picture(), role=role)
    assert refused.status_code == status
    assert code in {None, refused.json["code"]}
    assert list(uploads.glob("*")) == []


def test_who_cannot_write_costs_no_work(
    work: Job, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = work.order()
    work.write("customer", order)
    monkeypatch.setattr(photo_services.PhotoService, "_look", None)
    assert send(work, order, picture()).json["code"] == "already_reviewed"
    assert send(work, work.order("confirmed"), picture()).json["code"] == "order_not_completed"
    late = work.order()
    clock.set(START + timedelta(days=15))
    work.sign_in()
    assert send(work, late, picture()).json["code"] == "review_window_closed"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"%PDF-1.7", "not_a_picture"), (b"<svg/>", "not_a_picture"), (bomb(), "picture_too_large")],
)
def test_all_or_none(work: Job, uploads: Path, content: bytes, code: str) -> None:
    refused = send(work, work.order(), picture(), content)
    assert (refused.status_code, refused.json["code"]) == (422, code)
    assert list(refused.json["errors"]["files"]["photos"]) == ["1"]
    assert list(uploads.glob("*")) == []
    assert db.session.scalar(select(func.count()).select_from(Review)) == 0


def test_a_picture_that_breaks_when_it_is_decoded(work: Job, uploads: Path) -> None:
    cut = picture("JPEG", (900, 900), quality=95)
    refused = send(work, work.order(), picture(), cut[: len(cut) // 2])
    assert (refused.status_code, refused.json["code"]) == (422, "not_a_picture")
    assert list(uploads.glob("*")) == []


def test_at_most_five(work: Job) -> None:
    refused = send(work, work.order(), *[picture()] * 6)
    assert (refused.status_code, refused.json["code"]) == (422, "validation_failed")


def test_all_together_are_bounded(work: Job, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_services, "MAX_PHOTO_PIXELS", 2_000)
    refused = send(work, work.order(), picture(), picture())
    assert (refused.status_code, refused.json["code"]) == (422, "photos_too_large")
    assert list(uploads.glob("*")) == []


def test_json_takes_no_photos(work: Job) -> None:
    refused = work.write("customer", work.order(), photos=["x"])
    assert (refused.status_code, refused.json["code"]) == (422, "validation_failed")


def test_a_retry_stores_nothing_twice(work: Job, uploads: Path) -> None:
    order = work.order()
    headers = {"Idempotency-Key": "k"}
    first = send(work, order, picture(), headers=headers)
    again = send(work, order, picture(), headers=headers)
    assert (first.status_code, again.data) == (201, first.data)
    assert send(work, order, picture("JPEG"), headers=headers).json["code"] == "idempotency_key_reused"
    assert len(list(uploads.iterdir())) == 2


def test_who_is_overtaken_leaves_no_files(work: Job, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The review is written by another request while the photos are encoded."""
    order = work.order()
    encode = photo_services.PhotoService._encode

    def slowly(self: Any, *args: Any) -> Any:
        found = encode(self, *args)
        if db.session.scalar(select(func.count()).select_from(Review)) == 0:
            work.make.review(order)
            db.session.commit()
        return found

    monkeypatch.setattr(photo_services.PhotoService, "_encode", slowly)
    refused = send(work, order, picture())
    assert (refused.status_code, refused.json["code"]) == (409, "already_reviewed")
    assert list(uploads.glob("*")) == []


def test_they_go_with_their_author(
    work: Job, app: Flask, uploads: Path, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    publish(work)
    files = app.extensions["marketplace"].get(Reviews).files
    with runtime.uow:
        files.forget(work.people["performer"].id)
        assert db.session.scalar(select(func.count()).select_from(ReviewPhoto)) == 1
        files.forget(work.people["customer"].id)
    run_jobs()
    assert list(uploads.glob("*")) == []
    [shown] = work.public()
    assert shown["photos"] == []


def test_the_sweep_deletes_what_no_row_names(
    work: Job, app: Flask, uploads: Path, clock: FrozenClock
) -> None:
    publish(work)
    lost = uploads / f"{7:032x}.webp"
    lost.write_bytes(b"x")
    files = app.extensions["marketplace"].get(Reviews).files
    clock.set(START + timedelta(days=20_000))
    assert files.sweep() == 1
    assert (lost.exists(), len(list(uploads.iterdir()))) == (False, 2)


def test_pictures_of_performers_who_left_are_shown_to_parties(work: Job) -> None:
    order, _ = publish(work)
    [shown] = work.public()
    work.performer.status = "suspended"
    db.session.commit()
    assert opens(work, links(shown)) == {404}
    assert opens(work, links(own(work, order))) == {200}


def test_a_link_names_a_right_that_there_is() -> None:
    assert right_of("staff.thumbnail") == ("staff", "thumbnail")
    with pytest.raises(ValueError, match="nobody"):
        right_of("nobody.whole")


def test_a_list_asks_no_more_for_them(work: Job, assert_queries: Any) -> None:
    for _ in range(3):
        publish(work, picture(), picture())
    headers = work.auth(db.session.get_one(User, work.people["staff"].id))
    for path, who, count in [(work.list_path, {}, 2), ("/admin/reviews", headers, 2)]:
        topics.clear()
        with assert_queries(count):
            found = work.client.get(f"/api/v1{path}?limit=100", headers=who).json["items"]
        assert {len(item["photos"]) for item in found if item.get("direction") != "of_customer"} == {2}


def test_photos_go_with_a_performer_who_is_blocked(work: Job) -> None:
    publish(work)
    url = work.public()[0]["photos"][0]["url"]
    assert work.client.get(url).status_code == 200
    work.people["performer"].is_active = False
    db.session.commit()
    topics.clear()
    assert work.client.get(url).status_code == 404
