"""Only the listed origins may call from a browser, and never with cookies."""

from pathlib import Path

import pytest
from flask import Flask, abort

from marketplace.config import Settings
from marketplace.web import cors

SHOP = "https://shop.example"
APP = "http://localhost:3000"


def small_app(*origins: str, app_env: str = "testing") -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    cors.init_app(
        app,
        Settings(
            app_env=app_env,
            secret_key="x" * 40,
            instance_path=Path("instance"),
            cors_origins=origins,
            testing=True,
        ),
    )

    @app.route("/x", methods=["GET", "PATCH"])
    def fine() -> str:
        return "ok"

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("boom")

    @app.get("/refused")
    def refused() -> None:
        abort(403)

    return app


def cors_headers(answer: object) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("origin", [SHOP, APP])
@pytest.mark.parametrize("path", ["/x", "/boom", "/refused", "/absent"])
def test_a_listed_origin_may_read_every_answer(origin: str, path: str) -> None:
    answer = small_app(SHOP, APP).test_client().get(path, headers={"Origin": origin})
    found = cors_headers(answer)
    exposed = {name.strip() for name in found.pop("Access-Control-Expose-Headers").split(",")}
    assert found == {"Access-Control-Allow-Origin": origin}
    assert exposed == set(cors.EXPOSED)
    assert "Origin" in answer.vary


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://shop.example.evil",
        "https://shop-example",
        "http://shop.example",
        "null",
        "",
    ],
)
@pytest.mark.parametrize("listed", [(SHOP,), (SHOP, APP)])
def test_no_other_origin_may(origin: str, listed: tuple[str, ...]) -> None:
    answer = small_app(*listed).test_client().get("/x", headers={"Origin": origin})
    assert answer.status_code == 200
    assert cors_headers(answer) == {}
    assert "Origin" in answer.vary


def test_without_an_origin_caches_are_told_that_it_matters() -> None:
    answer = small_app(SHOP).test_client().get("/x")
    assert cors_headers(answer) == {}
    assert "Origin" in answer.vary


def test_the_preflight() -> None:
    answer = (
        small_app(SHOP)
        .test_client()
        .options(
            "/x",
            headers={
                "Origin": SHOP,
                "Access-Control-Request-Method": "PATCH",
                "Access-Control-Request-Headers": "authorization, if-match, content-type, idempotency-key, x-other",
            },
        )
    )
    found = cors_headers(answer)
    assert answer.status_code == 200
    assert found["Access-Control-Allow-Origin"] == SHOP
    assert "PATCH" in found["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in found["Access-Control-Allow-Headers"].split(",")}
    assert allowed == {"authorization", "if-match", "content-type", "idempotency-key"}
    assert found["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in found


def test_without_origins_there_is_no_cors() -> None:
    answer = small_app().test_client().get("/x", headers={"Origin": SHOP})
    assert cors_headers(answer) == {}
    assert "Vary" not in answer.headers


def test_a_wildcard_is_said_as_one() -> None:
    answer = small_app("*").test_client().get("/x", headers={"Origin": "https://any.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


LOCAL = ["http://localhost:5173", "http://127.0.0.1:3000", "http://localhost"]
NOT_LOCAL = [
    "https://localhost:5173",
    "http://localhost.evil.example",
    "http://localhost:5173.evil.example",
    "http://evil.example/http://localhost:1",
    "http://127.0.0.1.evil.example",
    "http://127x0.0.1",
    "http://localhost:5173\n",
    "http://user@localhost:5173",
    "null",
]


@pytest.mark.parametrize("listed", [(), (SHOP,)])
def test_in_development_pages_of_this_machine_may(listed: tuple[str, ...]) -> None:
    app = small_app(*listed, app_env="development")
    for origin in (*LOCAL, *listed):
        answer = app.test_client().get("/x", headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.vary
    preflight = {"Origin": LOCAL[0], "Access-Control-Request-Method": "PATCH"}
    assert (
        "PATCH" in app.test_client().options("/x", headers=preflight).headers["Access-Control-Allow-Methods"]
    )
    for origin in NOT_LOCAL:
        if "\n" not in origin:
            assert cors_headers(app.test_client().get("/x", headers={"Origin": origin})) == {}, origin


@pytest.mark.parametrize("app_env", ["production", "testing"])
def test_elsewhere_they_may_not(app_env: str) -> None:
    for origin in LOCAL:
        answer = small_app(SHOP, app_env=app_env).test_client().get("/x", headers={"Origin": origin})
        assert cors_headers(answer) == {}


def test_sockets_take_the_same_origins() -> None:
    def allows(app_env: str, origin: str) -> bool:
        settings = Settings(
            app_env=app_env, secret_key="x" * 40, instance_path=Path("instance"), cors_origins=(SHOP,)
        )
        return settings.allows_origin(origin)

    for origin in LOCAL:
        assert allows("development", origin)
        assert not allows("production", origin)
        assert not allows("testing", origin)
    assert not any(allows("development", origin) for origin in NOT_LOCAL)
    assert all(allows(app_env, SHOP) for app_env in ("development", "production"))
