"""An edit wants the tag that was given out for what it edits: whole, strong, alone or in a list."""

from collections.abc import Callable
from typing import Any

import pytest

from marketplace.models import User
from marketplace.testing import CheckedClient, Factory

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me"


@pytest.fixture
def ann(make: Factory, auth: Auth) -> dict[str, str]:
    return auth(make.user(first_name="Ann"))


def tag_of(client: CheckedClient, headers: dict[str, str], path: str = ME) -> str:
    return client.get(path, headers=headers).headers["ETag"]


def edit(client: CheckedClient, headers: dict[str, str], tags: str, path: str = ME) -> int:
    body = {"title": "Other"} if "services" in path else {"first_name": "Anna"}
    return client.patch(path, json=body, headers={**headers, "If-Match": tags}).status_code


@pytest.mark.parametrize(
    "form",
    ["{}", '"other", {}', '{}, "other"', 'W/"weak",{},W/"more"', " {} ", ", ,{},", '"a,b", {}', "*", " * "],
)
def test_the_right_tag_alone_or_in_a_list(client: CheckedClient, ann: dict[str, str], form: str) -> None:
    assert edit(client, ann, form.format(tag_of(client, ann))) == 200


@pytest.mark.parametrize("bend", [
    lambda tag: f"W/{tag}",
    lambda tag: f'W/{tag}, "other"',
    lambda tag: tag.strip('"'),
    lambda tag: f"{tag} {tag}",
    lambda tag: f"{tag}, *",
    lambda tag: f"{tag};q=1",
    lambda tag: f'{tag}, "open',
    lambda tag: tag.partition("-")[0] + '"',
    lambda tag: tag.rpartition("-")[0] + '"',
    lambda tag: tag.replace("-", "-0", 1),
    lambda tag: tag.upper() if tag != tag.upper() else tag.replace('"', ""),
    lambda tag: f'"{int(tag[1:].partition("-")[0]) + 1}-{tag.partition("-")[2]}',
    lambda _tag: '"1"',
    lambda _tag: ",",
])  # fmt: skip
def test_what_is_not_the_whole_tag(client: CheckedClient, ann: dict[str, str], bend: Any) -> None:
    assert edit(client, ann, bend(tag_of(client, ann))) == 412


def test_every_bent_character_is_noticed(client: CheckedClient, ann: dict[str, str]) -> None:
    tag = tag_of(client, ann)
    for place in range(1, len(tag) - 1):
        other = "1" if tag[place] == "0" else "0"
        assert edit(client, ann, tag[:place] + other + tag[place + 1 :]) == 412


def test_another_things_tag(client: CheckedClient, make: Factory, auth: Auth) -> None:
    """Of another user, of another thing of the same version, of a thing of another kind."""
    user = make.user()
    performer = make.performer(user)
    one, two = make.service(performer), make.service(performer)
    headers, other = auth(user), auth(make.user())
    first, second = f"/api/v1/services/{one.id}", f"/api/v1/services/{two.id}"
    assert edit(client, headers, tag_of(client, headers, second), first) == 412
    assert edit(client, headers, tag_of(client, headers), first) == 412
    assert edit(client, headers, tag_of(client, headers, "/api/v1/performers/me")) == 412
    assert edit(client, other, tag_of(client, headers)) == 412
    assert edit(client, headers, tag_of(client, headers, first), first) == 200


def test_a_tag_serves_for_all_that_edits_the_thing(client: CheckedClient, make: Factory, auth: Auth) -> None:
    """In both versions of the API, by each path of it, and as an edit before it gave it."""
    headers = auth(make.user())
    tag = tag_of(client, headers, "/api/v2/user/me")
    edited = client.patch(ME, json={"first_name": "Anna"}, headers={**headers, "If-Match": tag})
    gone = client.delete(f"{ME}/avatar", headers={**headers, "If-Match": edited.headers["ETag"]})
    assert (edited.status_code, gone.status_code) == (200, 200)


def test_of_several_versions_the_newest_counts(client: CheckedClient, ann: dict[str, str]) -> None:
    old = tag_of(client, ann)
    assert edit(client, ann, old) == 200
    new = tag_of(client, ann)
    assert edit(client, ann, old) == 412
    assert edit(client, ann, f"{old}, {new}") == 200


def test_an_edit_that_waits_for_staff_is_a_new_version(
    client: CheckedClient, make: Factory, auth: Auth
) -> None:
    """Or of two editors with one tag, the second would take the first one's change away unseen."""
    user = make.user(first_name="Ann")
    make.performer(user)
    headers = auth(user)
    tag = tag_of(client, headers)
    assert edit(client, headers, tag) == 200
    assert edit(client, headers, tag) == 412


@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', 'W/"x",W/{}', "*"])
def test_reads_compare_weakly(client: CheckedClient, ann: dict[str, str], form: str) -> None:
    tag = tag_of(client, ann)
    answer = client.get(ME, headers={**ann, "If-None-Match": form.format(tag)})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("form", ['"x"', 'W/{}x"', '{}x"', '"{}"', ""])
def test_reads_of_something_else(client: CheckedClient, ann: dict[str, str], form: str) -> None:
    tag = tag_of(client, ann)
    assert client.get(ME, headers={**ann, "If-None-Match": form.format(tag[:-1])}).status_code == 200
