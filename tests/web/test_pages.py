"""The pages and their twins: for everybody, small, cacheable, and without a script of their own in them."""

import gzip
import re
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.config import PROJECT_ROOT, Settings
from marketplace.kernel.release import PROGRAM_VERSION
from marketplace.web.access import Access, access_of
from marketplace.web.pages import guides, home
from marketplace.web.pages.blueprint import pages_blueprint
from marketplace.web.pages.contributions import DemoLogin, DemoLogins
from marketplace.web.pages.documents import operations
from marketplace.web.pages.markdown import blocks, cell, split_heading, to_html
from marketplace.web.pages.serving import FILES, Page, asset_address
from marketplace.web.runtime import Runtime

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
READY = "/health/ready"
"""Looks at a real database, which these tests have none of."""
PATHS = [
    "/",
    "/api/v1",
    "/api/v2",
    "/api/docs/operations",
    "/api/docs/events",
    "/api/docs/changes",
    "/api/docs/errors",
    "/api/docs/errors/slot_taken",
    "/api/docs/guides",
    *(f"/api/docs/guides/{name}" for name in guides.ORDER),
]


def twin(path: str) -> str:
    return "/index.md" if path == "/" else f"{path}.md"


@pytest.fixture
def bare(app: Flask, context: object) -> FlaskClient:
    """A client for what the document does not speak of."""
    return FlaskClient(app, app.response_class)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_and_its_twin(bare: FlaskClient, path: str) -> None:
    page = bare.get(path, headers=HTML)
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    text = bare.get(twin(path))
    assert (text.status_code, text.content_type) == (200, "text/markdown; charset=utf-8")
    assert text.text.startswith("# ")
    assert f'href="{twin(path)}"' in page.text
    assert max(len(page.data), len(text.data)) < 100_000
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    # Nothing inline, and nothing from elsewhere.
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", page.text)
    assert not re.search(r'(?:src|<link[^>]* href)="https?:', page.text)


@pytest.mark.parametrize("path", [*PATHS, "/api/docs"])
def test_pages_are_kept_by_caches_until_they_change(bare: FlaskClient, path: str) -> None:
    page = bare.get(path, headers=HTML)
    assert page.cache_control.public
    assert page.cache_control.max_age == 60
    tag = page.headers["ETag"]
    again = bare.get(path, headers={**HTML, "If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    small = bare.get(path, headers={**HTML, "Accept-Encoding": "br, gzip;q=0.8"})
    if len(page.data) > 3_000:
        assert small.headers["Content-Encoding"] == "gzip"
    if "Content-Encoding" in small.headers:
        assert gzip.decompress(small.data) == page.data
        assert small.headers["ETag"] != tag
    assert "Accept-Encoding" in small.headers["Vary"]
    assert "Content-Encoding" not in bare.get(path, headers={**HTML, "Accept-Encoding": "gzip;q=0"}).headers
    head = bare.head(path, headers=HTML)
    assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", tag)


@pytest.mark.parametrize("path", [*PATHS, *map(twin, PATHS), "/api/docs"])
def test_whatever_stands_in_the_query_is_overlooked(bare: FlaskClient, path: str) -> None:
    for query in ("urls.primaryName=v2", "utm_source=x&utm_source=y", "%FF=%00", "a[]=1&=&&"):
        assert bare.get(f"{path}?{query}", headers=HTML).status_code == 200
    assert bare.post(path).status_code == 405
    assert bare.get(path, headers={**HTML, "Authorization": "Bearer nonsense"}).status_code == 200


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_index_of_a_version_suits_its_reader(bare: FlaskClient, version: str) -> None:
    for accept in ("*/*", "application/json", "application/*", "image/png", ""):
        answer = bare.get(f"/api/{version}", headers={"Accept": accept})
        assert answer.mimetype == "application/json", accept
        assert "Accept" in answer.headers["Vary"]
    assert bare.get(f"/api/{version}").mimetype == "application/json"
    index = bare.get(f"/api/{version}").get_json()
    assert index["version"] == version
    for address in {*index["links"].values(), *index["public"]} - {READY}:
        assert bare.get(address).status_code in {200, 422}, address
    assert f"/api/{version}/categories" in index["public"]


def test_every_link_of_a_page_leads_somewhere(bare: FlaskClient) -> None:
    links = {
        link.partition("#")[0]
        for path in PATHS
        for link in re.findall(r'href="(/[^"]*)"', bare.get(path, headers=HTML).text)
    }
    assert len(links) > 50
    broken = {link: bare.get(link, headers=HTML).status_code for link in links - {READY}}
    # A read that wants parameters says so.
    assert {link: status for link, status in broken.items() if status not in {200, 422}} == {}


def test_the_list_of_operations_is_whole(app: Flask, bare: FlaskClient) -> None:
    text = bare.get("/api/docs/operations.md").text
    assert len(operations()) > 150
    for one in operations():
        assert f"| `{one.label}` |" in text
        for link in one.links.values():
            assert f"]({link})" in text
    for version in ("v1", "v2"):
        paths = bare.get(f"/api/{version}/openapi.json").get_json()["paths"]
        count = sum(len(item.keys() & {"get", "post", "put", "patch", "delete"}) for item in paths.values())
        assert count == sum(version in one.links for one in operations())


def test_the_events_are_all_there(bare: FlaskClient) -> None:
    text = bare.get("/api/docs/events.md").text
    for message in bare.get("/api/v1/asyncapi.json").get_json()["components"]["messages"].values():
        if not message["name"].endswith("(ack)"):
            assert f"#### `{message['name']}`" in text
    assert "| `client_id` | string" in text


@pytest.mark.parametrize("name", sorted(FILES))
def test_files_may_be_kept_forever(bare: FlaskClient, name: str) -> None:
    answer = bare.get(asset_address(name), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.cache_control.immutable
    assert answer.cache_control.max_age == 31_536_000
    assert answer.mimetype in {"text/css", "text/javascript", "image/svg+xml"}
    assert len(answer.data) < 100_000


@pytest.mark.parametrize("name", ["LICENSE.txt", "..%2Fserving.py", "absent.js"])
def test_no_other_file_is_served(bare: FlaskClient, name: str) -> None:
    folder = asset_address("pages.css").rpartition("/")[0]
    assert bare.get(f"{folder}/{name}").status_code == 404
    assert bare.get(f"/api/docs/assets/000000000000/{name}").status_code == 404
    assert bare.get("/api/docs/assets/000000000000/pages.css").status_code == 404


@pytest.mark.parametrize("name", ["absent", "first-order.md.md", "..%2F..%2Fserving", ".md"])
def test_no_guide_of_another_name(bare: FlaskClient, name: str) -> None:
    assert bare.get(f"/api/docs/guides/{name}").status_code == 404


def test_names_that_callers_make_up_are_not_kept(app: Flask, bare: FlaskClient) -> None:
    bare.get("/api/docs/guides/chat")
    before = guides.text_of.cache_info().currsize
    for number in range(20):
        assert bare.get(f"/api/docs/guides/made-up-{number}").status_code == 404
    assert guides.text_of.cache_info().currsize == before
    assert before <= len(guides.ORDER)


def test_every_page_is_public(app: Flask) -> None:
    views = [view for name, view in app.view_functions.items() if name.startswith(("pages.", "docs."))]
    assert len(views) > 10
    assert {access_of(view) for view in views} == {Access.PUBLIC}


def test_all_guides_are_listed() -> None:
    assert {path.stem for path in guides.FOLDER.glob("*.md")} == set(guides.ORDER)


def settings_of(app_env: str) -> Settings:
    return Settings(app_env=app_env, secret_key="x" * 40, instance_path=Path("/nowhere"))


def test_the_demo_shows_its_log_ins_and_never_in_production(
    runtime: Runtime, context: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = DemoLogin("customer", "carla", "Demo-Market-1")
    for app_env, logins, shown, command in (
        ("development", (login,), True, False),
        ("development", (), False, True),
        ("production", (login,), False, False),
        ("production", (), False, False),
    ):
        monkeypatch.setattr(runtime, "settings", settings_of(app_env))
        text = home.home_page([DemoLogins(partial(tuple, logins))]).text
        assert ("Demo-Market-1" in text) is shown
        assert ("make demo" in text) is command


@pytest.mark.parametrize(("app_env", "times"), [("development", 3), ("production", 1)])
def test_what_never_changes_in_production_is_made_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, app_env: str, times: int
) -> None:
    """It takes ten times as long as a page that is kept, and anybody may ask."""
    made: list[Page] = []

    def count(given: object) -> Page:
        made.append(Page("# Home\n"))
        return made[-1]

    monkeypatch.setattr(home, "home_page", count)
    small = Flask("small", static_folder=None)
    small.register_blueprint(pages_blueprint(settings_of(app_env)))
    for _ in range(3):
        assert small.test_client().get("/").status_code == 200
    assert len(made) == times


def test_the_version_is_that_of_the_package() -> None:
    told = (PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{PROGRAM_VERSION}"\n' in told


def test_headings_can_be_linked_to_and_html_stays_text() -> None:
    html = to_html("## One two\n\n## One two\n\n<script>alert(1)</script> [x](javascript:alert(1))\n")
    assert '<h2 id="one-two">' in html
    assert '<h2 id="one-two-2">' in html
    assert "<script" not in html
    assert 'href="javascript' not in html


def test_cells_hold_one_line_and_no_bar() -> None:
    first, second = cell("x | y"), cell("two\nlines")
    table = to_html(f"| a | b |\n| --- | --- |\n| {first} | {second} |\n")
    assert "<td>x | y</td>" in table
    assert "<td>two lines</td>" in table


def test_blocks_come_in_their_order() -> None:
    text = "# T\n\n```sh\na\n```\n\n```python\nb\n```\n"
    assert blocks(text) == [("sh", "a\n"), ("python", "b\n")]
    assert split_heading(text)[0] == "T"
