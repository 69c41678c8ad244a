"""The mails themselves: a token or a link in its place, in each language, with nothing of users that could act."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from marketplace.blueprints.accounts.contracts import Letter, MailTopic
from marketplace.blueprints.accounts.messages import PATHS, as_html
from marketplace.blueprints.accounts.services.post import Post
from marketplace.web.runtime import Runtime

APP = "https://app.example.org/shop"
TOKEN = "ab_c-d.e=/?"
LANGUAGES = ("en", "es", "ar")
VALUES: dict[str, Any] = {
    "hours": 24,
    "days": 7,
    "title": "T",
    "last_day": "2026-01-01",
    "performer": "P",
    "day": "2026-01-01",
    "time": "09:00",
    "until": "08:30",
    "timezone": "UTC",
}


class Box:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []

    def send(self, **mail: Any) -> None:
        self.mails.append(mail)


@pytest.fixture
def write(runtime: Runtime) -> Callable[..., dict[str, Any]]:
    def write(topic: str, locale: str = "en", *, app_url: str | None = APP, **options: Any) -> dict[str, Any]:
        box = Box()
        topics = [*runtime.given(MailTopic), *options.pop("topics", ())]
        post = Post(runtime.uow, box, runtime.outside.sms, topics, app_url)  # type: ignore[arg-type]  # the box takes any mail
        post.mail("ann@example.org", topic, locale, **{"name": "Ann", **VALUES, **options})
        return box.mails[0]

    return write


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("topic", sorted(PATHS))
def test_the_link_of_each_purpose_holds_the_token(write: Any, topic: str, locale: str) -> None:
    """Behind #, which browsers send to no server."""
    mail = write(topic, locale, secrets={"token": TOKEN})
    link = mail["data"]["link"]
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == APP + PATHS[topic]
    assert parts.query == ""
    assert parts.fragment == "token=ab_c-d.e%3D%2F%3F"
    assert link in mail["text"].split("\n")
    assert mail["data"]["token"] == TOKEN
    assert f'<a href="{link}">{link}</a>' in mail["html"]


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("topic", sorted(PATHS))
def test_without_an_app_the_token_itself_is_told(write: Any, topic: str, locale: str) -> None:
    mail = write(topic, locale, app_url=None, secrets={"token": TOKEN})
    assert TOKEN in mail["text"].split("\n")
    assert mail["data"] == {"token": TOKEN}
    assert "<a " not in mail["html"]
    assert mail["text"] != write(topic, locale, secrets={"token": TOKEN})["text"].replace(
        write(topic, locale, secrets={"token": TOKEN})["data"]["link"], TOKEN
    ), "it speaks of a link"


def test_no_letter_keeps_a_placeholder(runtime: Runtime, write: Any) -> None:
    for topic in runtime.given(MailTopic):
        for locale in LANGUAGES:
            for app_url in (None, APP):
                mail = write(topic.name, locale, app_url=app_url, secrets={"token": TOKEN})
                assert not set("{}") & set(mail["subject"] + mail["text"]), topic.name


def test_a_mail_without_token_links_to_its_page(write: Any) -> None:
    mail = write("export_ready")
    assert mail["text"].endswith(f"\n\n{APP}/export\n")
    assert mail["data"] == {"link": f"{APP}/export"}
    assert write("email_changed")["data"] == {}


def test_what_users_wrote_does_nothing_in_the_page(write: Any) -> None:
    hostile = '<img src=x onerror="alert(1)">{token}&amp;'
    topics = [MailTopic("t", {"en": Letter("S", "{greeting}\n\n{title} of yours\n")}, "/t")]
    for mail in (write("certificate_expiring", title=hostile), write("t", title=hostile, topics=topics)):
        assert hostile in mail["text"]
        assert "<img" not in mail["html"]
        assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;{token}&amp;amp;" in mail["html"]
    named = write("password_changed", name='"><script>')
    assert "<script>" not in named["html"]
    link_like = write("export_ready", name="https://evil.example")
    assert link_like["html"].count("<a ") == 1


def test_the_page_has_the_language_and_its_direction() -> None:
    page = as_html("مرحبا\n\nx\ny", "ar-EG", None)
    assert '<html lang="ar" dir="rtl">' in page
    assert "<p>x<br>\ny</p>" in page
    assert 'lang="&quot;&gt;" dir="ltr"' in as_html("x", '">-x', None)
