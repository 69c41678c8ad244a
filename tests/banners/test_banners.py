"""Banners: images, how long an answer is kept, views and clicks."""

import errno
import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from marketplace.blueprints.banners import policies
from marketplace.blueprints.banners.wiring import Banners
from marketplace.extensions import db, limiter
from marketplace.kernel.identity import Principal
from marketplace.models import AuditEntry, Banner, BannerCount
from marketplace.testing import START, Factory
from tests.support.lists import walks_whole

ADMIN = "/api/v1/admin/banners"
DAY = timedelta(days=1)


@pytest.fixture
def staff(make, auth):
    return auth(make.staff()) | {"If-Match": "*"}


@pytest.fixture
def add(context):
    """`add(starts_at=...)`: the id of a new banner."""

    def store(**values):
        row = Banner(**{"placement": "home", "title": "Hello"} | values)
        db.session.add(row)
        db.session.commit()
        return row.id

    return store


@pytest.fixture
def uploads(app):
    """Where the files are; empty at the start."""
    place = Path(app.instance_path) / "uploads" / "banners"
    for path in place.glob("*"):
        path.unlink()
    return place


def picture(kind="PNG", size=(40, 30)):
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, kind)
    return target.getvalue()


def put(client, banner_id, headers, content, name="b.png"):
    return client.put(
        f"{ADMIN}/{banner_id}/image",
        data={"file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
        headers=headers,
    )


# Images


def test_banners_of_this_moment(client, make, clock):
    city, other = make.city(), make.city()
    day = timedelta(days=1)
    rows = [
        Banner(placement="home", title="always", priority=1),
        Banner(placement="home", title="now", priority=5, starts_at=START, ends_at=START + day),
        Banner(placement="home", title="later", starts_at=START + day),
        Banner(placement="home", title="over", ends_at=START),
        Banner(placement="home", title="off", is_active=False),
        Banner(placement="home", title="here", priority=3, city_id=city.id),
        Banner(placement="home", title="there", city_id=other.id),
        Banner(placement="search", title="other place", priority=-1),
    ]
    db.session.add_all(rows)
    db.session.commit()

    def titles(query):
        return [item["title"] for item in client.get(f"/api/v1/banners?{query}").json["items"]]

    assert titles("placement=home") == ["now", "always"]
    assert titles(f"placement=home&city_id={city.id}") == ["now", "here", "always"]
    assert titles("") == ["now", "always", "other place"]
    clock.advance(day)
    assert titles("placement=home&limit=50") == ["always", "later"]
    walks_whole(client, "/api/v1/banners", [rows[0].id, rows[2].id, rows[7].id])


def test_an_image_is_shown_and_the_one_before_goes(client, add, staff, uploads, run_jobs):
    banner = add()
    first = put(client, banner, staff, picture("JPEG", (4000, 1000)))
    assert first.status_code == 200, first.json
    url = first.json["image_url"]
    shown = client.get("/api/v1/banners").json["items"][0]["image_url"]
    assert shown == url
    file = client.get(url)
    assert (file.status_code, file.mimetype) == (200, "image/webp")
    assert Image.open(io.BytesIO(file.data)).size == (1920, 480)
    assert first.headers["ETag"] == client.get(f"{ADMIN}/{banner}", headers=staff).headers["ETag"]

    second = put(client, banner, staff, picture())
    assert second.json["image_url"] != url
    assert client.get("/api/v1/banners").json["items"][0]["image_url"] == second.json["image_url"]
    assert len(list(uploads.iterdir())) == 2  # the old one is there until the change is stored for good
    run_jobs()
    assert client.get(url).status_code == 404
    assert len(list(uploads.iterdir())) == 1

    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert entry.action == "banner.changed"
    assert (entry.before, entry.after) == ({"image_url": url}, {"image_url": second.json["image_url"]})


@pytest.mark.parametrize("how", ["remove", "replace", "delete"])
def test_an_image_goes_when_the_banner_shows_it_no_longer(client, add, staff, uploads, run_jobs, how):
    banner = add()
    put(client, banner, staff, picture())
    if how == "delete":
        assert client.delete(f"{ADMIN}/{banner}", headers=staff).status_code == 204
    else:
        url = None if how == "remove" else "https://pictures.example.org/1.png"
        changed = client.patch(f"{ADMIN}/{banner}", json={"image_url": url}, headers=staff)
        assert changed.json["image_url"] == url
    run_jobs()
    assert list(uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"<script>alert(1)</script>", "x.png", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg", "not_a_picture"),
        (picture()[:60], "x.png", "not_a_picture"),
        (b"", "x.png", "validation_failed"),
    ],
)
def test_what_is_refused_stores_nothing(client, add, staff, uploads, content, name, code):
    banner = add()
    answer = put(client, banner, staff, content, name)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert list(uploads.glob("*")) == []
    assert db.session.get(Banner, banner).image_url is None


def test_nothing_is_left_of_what_fails(client, add, make, auth, staff, uploads, monkeypatch):
    banner = add()
    stale = staff | {"If-Match": '"7"'}
    assert put(client, banner, stale, picture()).status_code == 412
    assert put(client, 10**9, staff, picture()).status_code == 404
    missing = {name: value for name, value in staff.items() if name != "If-Match"}
    assert put(client, banner, missing, picture()).status_code == 428
    assert put(client, banner, auth(make.user()) | {"If-Match": "*"}, picture()).status_code == 403
    assert list(uploads.glob("*")) == []

    def full(_fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = put(client, banner, staff, picture())
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert list(uploads.glob("*")) == []


def test_the_sweep_takes_what_no_banner_shows(client, add, staff, uploads, app, clock):
    banner = add()
    shown = Path(put(client, banner, staff, picture()).json["image_url"]).name
    images = app.extensions["marketplace"].get(Banners).images
    actor = Principal(user_id=1, session_id=1, verified=True)
    old, new = (images.store(actor, io.BytesIO(picture())) for _ in range(2))
    long_ago = (START - 2 * DAY).timestamp()
    for name in (shown, Path(old).name):
        os.utime(uploads / name, (long_ago, long_ago))
    os.utime(uploads / Path(new).name, (START.timestamp(), START.timestamp()))
    assert images.sweep() == 1
    assert {path.name for path in uploads.iterdir()} == {shown, Path(new).name}


# How long an answer is kept


def test_no_answer_outlives_a_start_or_an_end(client, add, clock):
    add(title="always")
    add(title="later", starts_at=START + timedelta(seconds=20))
    add(title="over", ends_at=START + timedelta(seconds=50))
    add(title="elsewhere", placement="search", ends_at=START + timedelta(seconds=5))
    add(title="off", is_active=False, ends_at=START + timedelta(seconds=1))

    def ask():
        answer = client.get("/api/v1/banners?placement=home")
        return answer.headers["Cache-Control"], {item["title"] for item in answer.json["items"]}

    now = {"always", "over"}
    assert ask() == ("public, max-age=20", now)
    clock.advance(timedelta(seconds=8))
    assert ask() == ("public, max-age=12", now)  # from the cache, and no longer than it holds
    clock.advance(timedelta(seconds=11.5))
    assert ask() == ("public, max-age=0", now)
    clock.advance(timedelta(seconds=0.5))
    assert ask() == ("public, max-age=30", now | {"later"})
    clock.advance(timedelta(seconds=29))
    assert ask() == ("public, max-age=1", now | {"later"})
    clock.advance(timedelta(seconds=1))
    assert ask() == ("public, max-age=30", {"always", "later"})


def test_other_answers_are_kept_as_long_as_ever(client, add, make, assert_queries):
    add(title="soon", starts_at=START + timedelta(seconds=3))
    make.city()
    client.get("/api/v1/banners")
    assert client.get("/api/v1/cities").headers["Cache-Control"] == "public, max-age=300"
    with assert_queries(0):
        assert client.get("/api/v1/cities").headers["Cache-Control"] == "public, max-age=300"


# Views and clicks


def click(client, banner_id, **options):
    return client.post(f"/api/v1/banners/{banner_id}/click", **options).status_code


def view(client, *ids, **options):
    return client.post("/api/v1/banners/views", json={"ids": list(ids)}, **options).status_code


def stats(client, staff, banner_id, query=""):
    return client.get(f"{ADMIN}/{banner_id}/stats{query}", headers=staff)


def test_views_and_clicks_by_day(client, add, make, auth, clock):
    one, two = add(), add()
    for _ in range(3):
        assert view(client, two, one) == 204
    assert view(client, one) == click(client, one) == 204
    clock.advance(DAY)
    assert click(client, one) == 204
    clock.advance(DAY)
    staff = auth(make.staff())
    found = stats(client, staff, one).json
    assert (found["views"], found["clicks"]) == (4, 2)
    assert len(found["days"]) == 30
    assert found["days"][-3:] == [
        {"day": "2026-05-04", "views": 4, "clicks": 1},
        {"day": "2026-05-05", "views": 0, "clicks": 1},
        {"day": "2026-05-06", "views": 0, "clicks": 0},
    ]
    part = stats(client, staff, one, "?from=2026-05-05&to=2026-05-05").json
    assert part == {"views": 0, "clicks": 1, "days": [{"day": "2026-05-05", "views": 0, "clicks": 1}]}
    assert stats(client, staff, two).json["views"] == 3


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?from=2026-05-05&to=2026-05-04", 422),
        ("?from=2025-05-04&to=2026-05-05", 422),
        ("?from=2025-05-04&to=2026-05-04", 200),
        ("?from=2200-12-31&to=2200-12-31", 200),
        ("?from=1900-01-01", 422),
        ("?from=tomorrow", 422),
        ("?from=2026-02-30", 422),
        ("?from=2026-05-04&from=2026-05-04", 422),
        ("?to=1900-01-02", 200),
        ("?limit=1", 422),
    ],
)
def test_periods(client, add, staff, query, status):
    assert stats(client, staff, add(), query).status_code == status
    assert stats(client, staff, 10**9).status_code == 404


def test_only_what_is_shown_is_counted(client, add, staff, clock):
    hour = timedelta(hours=1)
    off = add(is_active=False)
    later = add(starts_at=START + hour)
    over = add(ends_at=START - 2 * hour)
    just_over = add(ends_at=START - timedelta(minutes=5))
    for banner in (off, later, over, 10**9):
        assert click(client, banner) == 404
    assert click(client, just_over) == 204  # it may still stand on somebody's screen
    assert view(client, off, later, over, just_over, 10**9) == 204
    rows = select(BannerCount.banner_id, func.sum(BannerCount.views + BannerCount.clicks))
    assert [tuple(row) for row in db.session.execute(rows.group_by(BannerCount.banner_id))] == [
        (just_over, 2)
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
        {"User-Agent": "Mozilla/5.0 HeadlessChrome/120.0"},
    ],
)
def test_no_person_no_count(client, add, staff, headers):
    banner = add()
    assert view(client, banner, headers=headers) == click(client, banner, headers=headers) == 204
    assert stats(client, staff, banner).json["views"] == stats(client, staff, banner).json["clicks"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ids": []},
        {"ids": [0]},
        {"ids": [1, 1]},
        {"ids": ["1"]},
        {"ids": [2**63]},
        {"ids": 1},
        {"ids": [1], "views": 9},
        {"ids": list(range(1, 52))},
        [1],
    ],
)
def test_bad_bodies(client, add, body):
    add()
    assert client.post("/api/v1/banners/views", json=body).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(BannerCount)) == 0


def test_one_address_has_a_budget(client, add):
    banner = add()
    limiter.enabled = True
    limiter.reset()
    try:
        answers = Counter(click(client, banner) for _ in range(32))
    finally:
        limiter.enabled = False
        limiter.reset()
    assert answers == {204: 30, 429: 2}


def test_counting_costs_one_statement(client, add, assert_queries):
    for number in (1, 6, 50):
        ids = [add() for _ in range(number)]
        with assert_queries(1):
            view(client, *ids)


def test_counts_of_a_deleted_banner_go_with_it(client, add, staff):
    banner = add()
    view(client, banner)
    assert client.delete(f"{ADMIN}/{banner}", headers=staff).status_code == 204
    assert db.session.scalar(select(func.count()).select_from(BannerCount)) == 0


def test_no_view_is_lost_when_many_look_at_once(committed):
    with committed.app_context():
        rows = [Banner(placement="home", title=str(n)) for n in range(5)]
        db.session.add_all(rows)
        db.session.commit()
        ids = [row.id for row in rows]

    def look(n):
        client = committed.test_client()
        order = ids if n % 2 else ids[::-1]
        codes = [client.post("/api/v1/banners/views", json={"ids": order}).status_code for _ in range(10)]
        return [*codes, client.post(f"/api/v1/banners/{ids[n % 5]}/click").status_code]

    with ThreadPoolExecutor(10) as pool:
        answers = Counter(code for codes in pool.map(look, range(20)) for code in codes)
    assert answers == {204: 220}
    with committed.app_context():
        sums = select(func.sum(BannerCount.views), func.sum(BannerCount.clicks)).group_by(
            BannerCount.banner_id
        )
        assert [tuple(row) for row in db.session.execute(sums)] == [(200, 4)] * 5
        shards = db.session.scalar(select(func.count(BannerCount.shard.distinct())))
        assert 1 < shards <= policies.COUNT_SHARDS


def test_a_banner_deleted_while_it_is_looked_at(committed, make_staff):
    with committed.app_context():
        rows = [Banner(placement="home", title=str(n)) for n in range(10)]
        db.session.add_all(rows)
        db.session.commit()
        ids = [row.id for row in rows]

    def act(n):
        client = committed.test_client()
        if n % 2:
            path = f"{ADMIN}/{ids[n // 2]}"
            return "delete", client.delete(path, headers=make_staff | {"If-Match": "*"}).status_code
        return "view", client.post("/api/v1/banners/views", json={"ids": ids}).status_code

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(act, range(20))) == {("delete", 204), ("view", 204)}
    with committed.app_context():
        assert db.session.scalar(select(func.count()).select_from(BannerCount)) == 0


@pytest.fixture
def make_staff(committed, auth):
    with committed.app_context():
        return auth(Factory().staff())
