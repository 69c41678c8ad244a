"""Secrets are found by their name and by their shape, and harmless words stay readable."""

import time

import pytest

from marketplace.web.observability.redaction import MAX_TEXT, REDACTED, is_secret_key, redact, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0"  # not a real token


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "current_password",
        "newPassword",
        "Authorization",
        "HTTP_AUTHORIZATION",
        "Cookie",
        "Set-Cookie",
        "refresh_token",
        "accessToken",
        "reset_token",
        "code",
        "otp",
        "otp_code",
        "totp_secret",
        "secret",
        "SECRET_KEY",
        "X-Api-Key",
        "sentry_dsn",
        "login",
        "body",
        "recovery_codes",
    ],
)
def test_secret_keys(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "status_code",
        "error_code",
        "country_code",
        "token_type",
        "author",
        "secretary",
        "event",
        "login_at",
        "keyboard",
    ],
)
def test_harmless_keys(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        (f"Authorization: Bearer {JWT}", JWT),
        ("bearer abc.def-123", "abc.def"),
        ("Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        (f"token was {JWT}.", JWT[-20:]),
        ("GET /reset?token=s3cr3t&x=1", "s3cr3t"),
        ("GET /verify?code=123456", "123456"),
        ('{"password": "two words \\" and more", "a": 1}', "words"),
        ("{'refresh_token': 'abc def'}", "abc"),
        ('{"code": "482913"}', "482913"),
        ("password=hunter2", "hunter2"),
        ("new_password : hunter2", "hunter2"),
        ("postgresql://app:hunter2@db/market", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        ("[SQL: INSERT]\n[parameters: {'password_hash': '$argon2id$v=19'}]\n(Background)", "argon2id"),
        ("DETAIL:  Failing row contains (1, ann, $argon2id$v=19).\n[SQL: INSERT]", "argon2id"),
        ("Cookie: session=abcdef", "abcdef"),
    ],
)
def test_secrets_inside_text(text: str, leaks: str) -> None:
    cleaned = redact_text(text)
    assert leaks not in cleaned
    assert REDACTED in cleaned


@pytest.mark.parametrize(
    "text",
    ["status code: 200", "a token expired", "GET /api/v1/orders/12", "https://a.example:8000/x", "basically"],
)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_text_after_a_secret_stays() -> None:
    assert redact_text("?token=abc&page=2") == f"?token={REDACTED}&page=2"
    once = redact_text(f"password=a Bearer {JWT} x=1")
    assert redact_text(once) == once


def test_nested_values_are_copied_and_cleaned() -> None:
    original = {"user": {"password": "x", "tags": ("a", {"otp": 123456})}, "n": 1}
    assert redact(original) == {"user": {"password": REDACTED, "tags": ["a", {"otp": REDACTED}]}, "n": 1}
    assert original["user"]["password"] == "x"


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("no text")


def test_odd_values_never_raise() -> None:
    loop: dict = {}
    loop["again"] = loop
    assert "[too deep]" in str(redact(loop))
    assert redact(Unprintable()) == "[unprintable Unprintable]"
    assert redact(10**5000) == "[huge integer]"
    assert redact({1: b"abc"}) == {"1": "[3 bytes]"}
    assert redact(float("nan")) == "nan"
    assert redact("\ud800") == "\\ud800"
    assert redact([True, None, 1.5]) == [True, None, 1.5]


def test_long_text_is_cut() -> None:
    assert len(redact_text("x" * 1_000_000)) < MAX_TEXT + 50


@pytest.mark.parametrize(
    "piece",
    [
        "eyJ",
        "eyJaaaa.",
        "password",
        "password=",
        "bearer ",
        "://a:",
        '"code":"',
        "Failing row contains ",
        " ",
    ],
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    redact_text(piece * (MAX_TEXT // len(piece)))
    assert time.perf_counter() - started < 0.5
