"""Swagger UI does what it shows: the examples work in the market of the demo, as they stand there."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Running, launch
from tests.support.browser import Tab, browser, needs_browser

pytestmark = [pytest.mark.e2e, needs_browser]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = launch(tmp_path_factory.mktemp("swagger") / "instance", RATE_LIMIT_ENABLED="false")
    running.flask("demo", "seed", "--performers", "20")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def click(tab: Tab, selector: str) -> None:
    """Click on an element, when it is there."""
    found = f"document.querySelector({json.dumps(selector)})"
    tab.wait_for(found)
    tab.evaluate(f"{found}.click()")


def authorize(tab: Tab, server: Running, role: str) -> None:
    """As a developer does who pastes a token of the demo."""
    logins = json.loads(server.flask("demo", "logins", "--json"))
    token = next(one["access_token"] for one in logins if one["role"] == role)
    tab.open(f"{server.base}/api/docs")
    click(tab, "button.authorize")
    tab.wait_for("document.querySelector('.auth-container input')")
    tab.evaluate("document.querySelector('.auth-container input').focus()")
    tab.call("Input.insertText", text=token)
    click(tab, ".auth-btn-wrapper button.authorize")
    click(tab, ".auth-btn-wrapper button.btn-done")


def execute(tab: Tab, server: Running, tag: str, operation: str) -> tuple[str, str]:
    """Press "Try it out" and "Execute" of an operation, by its link; the status and the body of the answer."""
    tab.open(f"{server.base}/api/docs?{operation}#/{tag}/{operation}")
    block = f"#operations-{tag}-{operation}"
    click(tab, f"{block} .try-out__btn")
    click(tab, f"{block} .execute")
    answer = f"{block} .live-responses-table .response"
    tab.wait_for(f"document.querySelector({json.dumps(answer)})")
    status = tab.evaluate(f"document.querySelector({json.dumps(answer + ' .response-col_status')}).innerText")
    body = tab.evaluate(
        f"document.querySelector({json.dumps(answer + ' .response-col_description')}).innerText"
    )
    return str(status).split()[0], str(body)


def test_an_order_is_created_by_the_body_that_is_shown(server: Running, tab: Tab) -> None:
    authorize(tab, server, "customer")
    status, body = execute(tab, server, "orders", "create_order")
    assert status == "201", body
    assert '"pending"' in body


def test_a_public_list_answers_without_a_token(server: Running, tab: Tab) -> None:
    status, body = execute(tab, server, "catalog", "list_cities")
    assert status == "200", body
