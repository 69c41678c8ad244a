"""HEAD answers what GET would, without the body; and no address leads to a host that the caller has chosen."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.models import User
from marketplace.testing import Factory

OWN = {"X-Request-ID", "RateLimit", "RateLimit-Policy", "Date"}
"""Of each answer."""


@pytest.fixture
def bare(app: Flask, context: object) -> FlaskClient:
    """A client for what the document does not speak of."""
    return FlaskClient(app, app.response_class)


def readable(app: Flask) -> list[str]:
    """Every address that can be read; where it names a thing, one that does not exist."""
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            assert "HEAD" in (rule.methods or ())
            values = {
                name: "1" if "int" in type(rule._converters[name]).__name__.lower() else "x"
                for name in rule.arguments
            }
            found.add(rule.build(values)[1])  # type: ignore[index]  # a rule without a host builds
    return sorted(found)


def compare(bare: FlaskClient, path: str, headers: dict[str, str]) -> int:
    got, head = bare.get(path, headers=headers), bare.head(path, headers=headers)
    assert head.status_code == got.status_code, path
    told = [
        sorted((name, value) for name, value in answer.headers if name not in OWN) for answer in (got, head)
    ]
    if got.status_code >= 400:
        # The problem holds the id of the request, of one length.
        assert head.headers["Content-Type"] == "application/problem+json"
    assert told[1] == told[0], path
    assert head.get_data() == b""
    return got.status_code


def test_head_is_get_without_the_body(
    app: Flask, bare: FlaskClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    """Of everything, for nobody and for an admin."""
    paths = [path for path in readable(app) if not path.startswith(("/metrics", "/health/ready"))]
    assert len(paths) > 100
    seen = {compare(bare, path, {}) for path in paths}
    assert {200, 401, 404} <= seen
    headers = auth(make.staff("admin"))
    assert {200, 404} <= {compare(bare, path, headers) for path in paths}


def test_head_of_a_public_read_has_its_tag(bare: FlaskClient, make: Factory) -> None:
    performer = make.performer()
    for path in ("/api/v1/categories", "/api/v1/performers", f"/api/v1/performers/{performer.id}"):
        tag = bare.get(path).headers["ETag"]
        assert bare.head(path).headers["ETag"] == tag
        assert bare.head(path, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/api/v1//categories", "/api/v1/categories?x=1"),
        ("/api//v1///categories", "/api/v1/categories?x=1"),
        ("//evil.example/health", None),
        ("//evil.example//health", "/evil.example/health?x=1"),
        ("/health/", None),
    ],
)
def test_no_address_leads_to_the_host_of_the_caller(bare: FlaskClient, path: str, to: str | None) -> None:
    answer = bare.get(
        "/", headers={"Host": "evil.example"}, environ_overrides={"PATH_INFO": path, "QUERY_STRING": "x=1"}
    )
    assert (answer.status_code, answer.headers.get("Location")) in {(308, to), (404, None)}
    assert b"http:" not in answer.get_data()


def test_the_host_is_reflected_nowhere(
    app: Flask, bare: FlaskClient, make: Factory, auth: Callable[[User], dict[str, str]]
) -> None:
    headers = {**auth(make.staff("admin")), "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    for path in readable(app):
        answer = bare.get(path, headers=headers)
        assert b"evil.example" not in answer.get_data(), path
        assert "evil.example" not in str(answer.headers), path
