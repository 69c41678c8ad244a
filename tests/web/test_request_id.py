"""The id of a request is the caller's when well formed, and is on every answer."""

import threading
import uuid
from pathlib import Path

import pytest
from flask import Flask, Response, abort, stream_with_context

from marketplace.config import Settings
from marketplace.web.observability import request_id
from marketplace.web.observability.request_id import bind_request_id, current_request_id


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.get("/id")
    def show() -> dict:
        return {"id": current_request_id()}

    @app.get("/stream")
    def stream() -> Response:
        @stream_with_context
        def parts():
            yield "first "
            yield str(current_request_id())

        return Response(parts())

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("boom")

    @app.get("/refused")
    def refused() -> None:
        abort(403)

    @app.get("/hook-boom")
    def fine() -> str:
        return "ok"

    @app.after_request
    def break_some(response: Response) -> Response:
        if response.status_code == 403:
            raise RuntimeError("an after_request hook that fails")
        return response

    request_id.init_app(app, Settings(secret_key="x" * 40, instance_path=tmp_path, testing=True))
    return app


@pytest.mark.parametrize("offered", ["a", "A-z_0.9", "x" * 128, "6f9619ff-8b86-4d01-b42d-00c04fc964ff"])
def test_a_well_formed_id_is_kept(app: Flask, offered: str) -> None:
    answer = app.test_client().get("/id", headers={"X-Request-ID": offered})
    assert answer.headers.getlist("X-Request-ID") == [offered]
    assert answer.json == {"id": offered}


@pytest.mark.parametrize(
    "offered", ["", " ", "x" * 129, "a b", "a\tb", "ümlaut", "a,b", "<script>", "a/b", "१२३"]
)
def test_any_other_is_replaced_by_a_uuid4(app: Flask, offered: str) -> None:
    answer = app.test_client().get("/id", environ_overrides={"HTTP_X_REQUEST_ID": offered})
    made = answer.headers["X-Request-ID"]
    assert uuid.UUID(made).version == 4
    assert answer.json == {"id": made}


def test_a_trailing_newline_does_not_pass(app: Flask) -> None:
    answer = app.test_client().get("/id", environ_overrides={"HTTP_X_REQUEST_ID": "abc\n"})
    assert uuid.UUID(answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("path", "status"), [("/boom", 500), ("/refused", 500), ("/absent", 404), ("/id?x=1", 200)]
)
def test_every_answer_carries_it(app: Flask, path: str, status: int) -> None:
    answer = app.test_client().get(path, headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, "mine")


def test_a_streamed_body_still_knows_it(app: Flask) -> None:
    answer = app.test_client().get("/stream", headers={"X-Request-ID": "mine"})
    assert answer.text == "first mine"
    answer.close()


def test_it_ends_with_the_request(app: Flask) -> None:
    app.test_client().get("/id")
    assert current_request_id() is None


def test_jobs_bind_their_own_and_give_back_the_outer_one() -> None:
    with bind_request_id("outer") as outer:
        with bind_request_id("inner"):
            assert current_request_id() == "inner"
        assert current_request_id() == outer == "outer"
    with bind_request_id(None) as made:
        assert uuid.UUID(made).version == 4
    with bind_request_id("not one\n") as made:
        assert uuid.UUID(made).version == 4
    assert current_request_id() is None


def test_threads_do_not_share_it() -> None:
    seen: list[str | None] = []
    with bind_request_id("here"):
        thread = threading.Thread(target=lambda: seen.append(current_request_id()))
        thread.start()
        thread.join()
    assert seen == [None]
