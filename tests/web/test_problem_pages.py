"""A page for each problem code: the index lists all, and the `type` of every problem leads to its page."""

import ast
import re
from collections.abc import Iterator

import pytest
from flask import Flask, request

from marketplace.config import PROJECT_ROOT
from marketplace.kernel.errors import AppError
from marketplace.kernel.links import Links
from marketplace.testing.client import CheckedClient
from marketplace.web import problems
from marketplace.web.pages import problem_pages
from marketplace.web.problem_kinds import kinds_by_code
from marketplace.web.server import refusals


def rows(client: CheckedClient) -> dict[str, int]:
    page = client.get("/api/docs/errors")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    found = re.findall(
        r'<tr id="(\w+)">\s*<td><a href="/api/docs/errors/(\w+)"><code>(\w+)</code></a></td>\s*<td>(\d+)</td>',
        page.text,
    )
    assert all(anchor == code == link for anchor, link, code, _ in found)
    # One row for a code: an anchor is unique.
    assert len({code for _, _, code, _ in found}) == len(found) == page.text.count("<tr id=")
    return {code: int(status) for _, _, code, status in found}


def test_every_code_is_listed(client: CheckedClient) -> None:
    found = rows(client)
    assert found["not_found"] == 404
    assert found["change_decided"] == 409
    assert found["own_change"] == 403
    assert found["invalid_cursor"] == 400
    assert found["internal_error"] == 500

    def kinds(kind: type[AppError]) -> Iterator[type[AppError]]:
        for child in kind.__subclasses__():
            yield child
            yield from kinds(child)

    ours = {kind.code for kind in kinds(AppError) if kind.__module__.startswith("marketplace.")}
    assert ours <= set(found)
    assert set(problems._HTTP_CODES.values()) <= set(found)
    for status, code in problems._HTTP_CODES.items():
        assert found[code] == status


def test_every_code_without_a_class_is_listed(client: CheckedClient) -> None:
    """Of what is refused before Flask: the server's own, and those of the sockets' door."""
    found = rows(client)
    ours = {code for _, _, code, _ in refusals._REFUSALS}
    for path in (PROJECT_ROOT / "marketplace" / "realtime").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                ours |= {one.value for one in node.args[1:2] if isinstance(one, ast.Constant)}
    assert {"request_timeout", "too_many_sockets"} <= ours <= set(found)


def test_every_code_has_a_page_that_says_what_to_do(client: CheckedClient) -> None:
    for kind in kinds_by_code().values():
        answer = client.get(f"/api/docs/errors/{kind.code}")
        assert answer.status_code == 200
        assert len(answer.data) < 100_000
        text = client.get(f"/api/docs/errors/{kind.code}.md").text
        for section in ("When", "Who gets it", "What to do", "Example", "Operations that give it"):
            assert f"\n## {section}\n\n" in text, (kind.code, section)
        assert kind.remedy.split(" Or: ")[0] in text
        assert kind.when.split(" Or: ")[0] in text
        assert kind.status in problem_pages.WHO, kind.code


def test_a_page_names_the_operations_that_give_the_code(client: CheckedClient) -> None:
    text = client.get("/api/docs/errors/slot_taken.md").text
    assert "`POST /orders`" in text
    assert "`GET /cities`" not in text


@pytest.mark.parametrize("name", ["absent", "absent.md", "slot_taken.md.md", ".md", "slot_taken.html"])
def test_no_page_of_what_is_no_code(client: CheckedClient, name: str) -> None:
    assert client.get(f"/api/docs/errors/{name}").status_code == 404


def test_titles_are_in_the_language_of_the_reader(client: CheckedClient) -> None:
    pages = {
        language: client.get("/api/docs/errors/not_found", headers={"Accept-Language": language})
        for language in ("en", "es", "ar", "tlh")
    }
    assert '<h1 lang="en" dir="ltr">There is no such resource</h1>' in pages["en"].text
    assert '<h1 lang="es" dir="ltr">El recurso no existe</h1>' in pages["es"].text
    assert '<h1 lang="ar" dir="rtl">' in pages["ar"].text
    assert pages["tlh"].text == pages["en"].text
    assert all("Accept-Language" in page.headers["Vary"] for page in pages.values())


def test_the_type_of_a_problem_leads_to_its_page(client: CheckedClient) -> None:
    problem = client.get("/api/v1/admin/jobs").get_json()
    assert problem["type"] == f"http://localhost/api/docs/errors/{problem['code']}"
    page = client.get(problem["type"])
    assert page.status_code == 200
    assert problem["code"] in page.text


BEHIND = Links(own="127.0.0.1:8000", behind_proxy=True)
ALONE = Links(own="192.0.2.7:8000")


@pytest.mark.parametrize(
    ("links", "host", "base"),
    [
        (BEHIND, "api.example.org", "http://api.example.org"),
        (BEHIND, "[2001:db8::1]:8443", "http://[2001:db8::1]:8443"),
        (BEHIND, "a.example/x", ""),
        (BEHIND, 'a.example"', ""),
        (BEHIND, "a.example\n", ""),
        (ALONE, "127.0.0.1:8000", "http://127.0.0.1:8000"),
        (ALONE, "localhost:5173", "http://localhost:5173"),
        (ALONE, "market.localhost", "http://market.localhost"),
        (ALONE, "[::1]:8000", "http://[::1]:8000"),
        (ALONE, "192.0.2.7:8000", "http://192.0.2.7:8000"),
        (ALONE, "192.0.2.8:8000", ""),
        (ALONE, "evil.example", ""),
        (ALONE, "127.0.0.1.evil.example", ""),
        (ALONE, "localhost.evil.example", ""),
        (ALONE, "localhost:8000\n", ""),
        (ALONE, "", ""),
        (Links(), "", ""),
    ],
)
def test_links_believe_no_forged_host(links: Links, host: str, base: str) -> None:
    assert links.base("http", host) == base
    assert links.problem("x_y", "http", host) == f"{base}/api/docs/errors/x_y"


def test_what_a_proxy_of_ours_says_is_believed() -> None:
    app = Flask("small", static_folder=None)
    problems.init_app(app, BEHIND)
    app.add_url_rule("/x", "x", lambda: problems.problem_type(request.args["code"]))
    answer = app.test_client().get("/x?code=gone", base_url="https://api.example.org")
    assert answer.text == "https://api.example.org/api/docs/errors/gone"
