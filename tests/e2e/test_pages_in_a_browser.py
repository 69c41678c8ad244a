"""The pages as people meet them: in Chromium, light and dark, on a desktop and a phone, by keyboard, offline."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from marketplace.web.pages import guides
from tests.e2e.conftest import Running, launch
from tests.support.browser import DESKTOP, PHONE, Tab, browser, needs_browser

pytestmark = [pytest.mark.e2e, needs_browser]

PAGES = [
    "/",
    "/api/v1",
    "/api/docs/operations",
    "/api/docs/events",
    "/api/docs/changes",
    "/api/docs/errors",
    "/api/docs/errors/slot_taken",
    "/api/docs/errors/not_found",
    "/dev/mails",
    "/api/docs/guides",
    *(f"/api/docs/guides/{name}" for name in guides.ORDER),
]
TAB, ENTER = ("Tab", 9), ("Enter", 13)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Without limits: a reader of all pages at once is faster than people."""
    running = launch(tmp_path_factory.mktemp("pages") / "instance", RATE_LIMIT_ENABLED="false")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(server: Running, tab: Tab, path: str, size: tuple[int, int], dark: bool) -> None:
    tab.said.clear()
    tab.asked.clear()
    tab.open(server.base + path, size, dark=dark)
    if path == "/":
        tab.wait_for("document.getElementById('ready').textContent === 'This server is ready.'")
    assert tab.violations() == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "the page is wider than the window"
    )
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground != "rgb(255, 255, 255)") is dark
    assert tab.said == []
    assert {urlsplit(url).netloc for url in tab.asked if not url.startswith("data:")} == {
        urlsplit(server.base).netloc
    }


def test_a_title_in_arabic(server: Running, tab: Tab) -> None:
    tab.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": "ar"})
    try:
        tab.open(f"{server.base}/api/docs/errors/not_found?ar", PHONE)
    finally:
        tab.call("Network.setExtraHTTPHeaders", headers={})
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    assert tab.evaluate("document.querySelector('h1').lang") == "ar"
    assert tab.violations() == []


def test_by_keyboard(server: Running, tab: Tab) -> None:
    tab.open(f"{server.base}/api/docs/operations")
    tab.press(*TAB)
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left >= 0"), "the link cannot be seen"
    tab.press(*ENTER)
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.press(*TAB)
    assert tab.evaluate("document.activeElement.closest('main') !== null")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.evaluate(outline) != "none", "nobody sees where the focus is"


def account(server: Running, name: str) -> str:
    """Sign up a user and confirm the address; the access token."""
    body = {"username": name, "email": f"{name}@example.org", "password": "Correct-Horse-7"}
    answer = server.api("POST", "/user/sign-up", json={**body, "first_name": "A", "last_name": "B"})
    assert answer.status_code == 201, answer.text
    mailed = server.mail_to(body["email"])["data"]["token"]
    token: str = answer.json()["tokens"]["access_token"]
    assert server.api("POST", "/user/email/verify", json={"token": mailed}, token=token).status_code == 204
    return token


def log_of(tab: Tab) -> str:
    found: str = tab.evaluate("document.getElementById('log').innerText")
    return found


def test_the_console_connects_sends_and_shows(server: Running, tab: Tab) -> None:
    """By keyboard alone, with the policy of the page."""
    token = account(server, "carla")
    tab.said.clear()
    tab.open(f"{server.base}/api/docs/events")
    tab.wait_for("document.getElementById('event').options.length > 3")
    assert tab.evaluate("JSON.parse(document.getElementById('payload').value).client_id.length") == 36
    tab.evaluate("document.getElementById('token').focus()")
    tab.call("Input.insertText", text=token)
    tab.press(*TAB)
    tab.press(*ENTER)
    tab.wait_for("document.getElementById('state').textContent === 'Connected'")
    assert "connected to /chat" in log_of(tab)
    tab.evaluate("document.getElementById('event').value = 'sync'")
    tab.evaluate("document.getElementById('event').dispatchEvent(new Event('change'))")
    tab.evaluate("document.getElementById('payload').value = '{\"chats\": {}}'")
    tab.evaluate("document.getElementById('send').focus()")
    tab.press(*ENTER)
    tab.wait_for("document.getElementById('log').innerText.includes('acknowledged sync')")
    assert '"refused"' in log_of(tab)
    tab.evaluate("document.getElementById('payload').value = '{\"chats\": 7}'")
    tab.press(*ENTER)
    tab.wait_for("document.getElementById('log').innerText.includes('validation_failed')")
    tab.evaluate("document.getElementById('payload').value = '{'")
    tab.press(*ENTER)
    tab.wait_for("document.getElementById('log').innerText.includes('is no JSON')")
    # What the server sends: it ends the sign-in.
    assert server.api("POST", "/user/logout", token=token).status_code == 204
    tab.wait_for("document.getElementById('log').innerText.includes('received session:revoked')")
    assert tab.violations() == []
    assert [line for line in tab.said if "WebSocket" not in line] == []


def test_the_console_says_why_it_is_refused(server: Running, tab: Tab) -> None:
    tab.open(f"{server.base}/api/docs/events")
    tab.wait_for("document.getElementById('event').options.length > 3")
    tab.evaluate("document.getElementById('token').value = 'nonsense'")
    tab.evaluate("document.getElementById('connect').click()")
    tab.wait_for("document.getElementById('log').innerText.includes('unauthenticated')")
    assert tab.evaluate("document.getElementById('state').textContent") == "Not connected"
    assert tab.evaluate("document.getElementById('connect').textContent") == "Connect"


INSIDE_SWAGGER = ("nested-interactive", "heading-order", "region")
"""Rules that Swagger UI's own structure breaks (docs/decisions/0033)."""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_swagger_ui_can_be_read(server: Running, tab: Tab, dark: bool) -> None:
    """With an operation opened, and what it may answer."""
    tab.open(f"{server.base}/api/docs?dark={dark}", dark=dark)
    tab.wait_for("document.querySelectorAll('.opblock').length > 5")
    tab.evaluate("document.querySelector('.opblock-summary-control').click()")
    tab.wait_for("document.querySelector('.opblock.is-open .responses-table')")
    found = [one for one in tab.violations() if not one.startswith(INSIDE_SWAGGER)]
    assert found == [], "\n".join(found)


def test_swagger_ui_stays_with_v2(server: Running, tab: Tab) -> None:
    """Choosing v2 writes it into the address; a reload shows it again."""
    tab.open(f"{server.base}/api/docs")
    tab.wait_for("document.querySelectorAll('.opblock').length > 5")
    chosen = "document.querySelector('.topbar select')"
    tab.evaluate(f"{chosen}.focus()")
    tab.press("ArrowDown", 40)
    tab.wait_for("location.search.includes('urls.primaryName=v2')")
    tab.open(tab.evaluate("location.href"))
    tab.wait_for("document.querySelectorAll('.opblock').length > 5")
    assert tab.evaluate(f"{chosen}.selectedOptions[0].textContent") == "v2"
    assert "/api/v2/" in tab.evaluate("document.querySelector('.opblock-summary-path').textContent")
