"""Every answer tells browsers to treat it as data; a view's own word wins."""

from pathlib import Path

import pytest
from flask import Flask, Response

from marketplace.config import Settings
from marketplace.web import security
from marketplace.web.security import PAGE_POLICY, page_policy


def small_app(app_env: str = "testing") -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    security.init_app(
        app, Settings(secret_key="x" * 40, instance_path=Path("instance"), app_env=app_env, testing=True)
    )

    @app.get("/x")
    def fine() -> str:
        return "ok"

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("boom")

    @app.get("/own")
    def own() -> Response:
        return Response(
            "ok",
            headers={"Cache-Control": "public, max-age=60", "Cross-Origin-Resource-Policy": "cross-origin"},
        )

    return app


@pytest.mark.parametrize("path", ["/x", "/boom", "/absent"])
def test_every_answer_carries_them(path: str) -> None:
    headers = small_app().test_client().get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_a_views_own_word_wins() -> None:
    headers = small_app().test_client().get("/own").headers
    assert headers.getlist("Cache-Control") == ["public, max-age=60"]
    assert headers.getlist("Cross-Origin-Resource-Policy") == ["cross-origin"]


@pytest.mark.parametrize(
    ("app_env", "address", "expected"),
    [
        ("production", "https://api.example", "max-age=31536000"),
        ("production", "http://api.example", None),
        ("development", "https://api.example", None),
    ],
)
def test_https_is_remembered_in_production_alone(app_env: str, address: str, expected: str | None) -> None:
    headers = small_app(app_env).test_client().get("/x", base_url=address).headers
    assert headers.get("Strict-Transport-Security") == expected


def test_the_policy_of_pages_lets_nothing_in_that_stands_in_the_page() -> None:
    for policy in (PAGE_POLICY, page_policy("sha256-abc")):
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "http" not in policy
    assert "'sha256-abc'" in page_policy("sha256-abc")
    assert "require-trusted-types-for 'script'" in PAGE_POLICY
