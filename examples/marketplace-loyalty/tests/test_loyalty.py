"""Points, through the API of the whole program with its database; each test is rolled back."""

from datetime import timedelta
from pathlib import Path

import marketplace_loyalty
import pytest
from flask import Flask
from marketplace_loyalty.services import WELCOME_POINTS, LoyaltyService

from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.personal_data import Erasure, ExportSection
from marketplace.models import User
from marketplace.testing import PASSWORD, CheckedClient, Factory, RunJobs, SignIn
from marketplace.testing.sentences import missing_translations
from marketplace.web.runtime import Runtime

URL = "/api/v1/loyalty"


@pytest.fixture
def ann(make: Factory, runtime: Runtime) -> User:
    """A user with points."""
    user = make.user(username="ann")
    runtime.get(LoyaltyService).welcome(user.id)
    return user


def test_whoever_signs_up_gets_points(client: CheckedClient, run_jobs: RunJobs) -> None:
    names = {"username": "bob", "first_name": "Bob", "last_name": "Lee", "email": "bob@example.org"}
    made = client.post("/api/v1/user/sign-up", json={**names, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {made.json['tokens']['access_token']}"}
    assert client.get(URL, headers=headers).json == {"points": 0}
    run_jobs()
    assert client.get(URL, headers=headers).json == {"points": WELCOME_POINTS}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_own_points(client: CheckedClient, auth: SignIn, ann: User, version: str) -> None:
    place = f"/api/{version}/loyalty"
    assert client.get(place, headers=auth(ann)).json == {"points": WELCOME_POINTS}
    assert client.get(place).status_code == 401


def test_points_are_given_once(
    client: CheckedClient, auth: SignIn, runtime: Runtime, ann: User, clock: FrozenClock
) -> None:
    clock.advance(timedelta(days=1))
    runtime.get(LoyaltyService).welcome(ann.id)
    assert client.get(URL, headers=auth(ann)).json == {"points": WELCOME_POINTS}


def test_staff_sees_how_many_accounts_were_opened(
    client: CheckedClient, auth: SignIn, make: Factory, ann: User
) -> None:
    day = ann.date_joined.date()
    counted = client.get(f"/api/v1/admin/stats?from={day}&to={day}", headers=auth(make.staff()))
    totals = {one["name"]: one["total"] for one in counted.json["counters"]}
    assert totals["loyalty_accounts"] == 1


def test_the_data_of_a_user_is_given_and_forgotten(runtime: Runtime, ann: User) -> None:
    (section,) = [one for one in runtime.given(ExportSection) if one.name == "loyalty"]
    (erasure,) = [one for one in runtime.given(Erasure) if one.name == "loyalty"]
    with runtime.uow:
        assert [row["points"] for row in section.collect(ann.id)] == [WELCOME_POINTS]
        erasure.forget(ann.id)
        assert list(section.collect(ann.id)) == []


def test_points_are_spent(client: CheckedClient, auth: SignIn, ann: User) -> None:
    spent = client.post(f"{URL}/spend", json={"points": 30}, headers=auth(ann))
    assert spent.json == {"points": WELCOME_POINTS - 30}
    assert client.get(URL, headers=auth(ann)).json == {"points": WELCOME_POINTS - 30}


@pytest.mark.parametrize(
    ("language", "title", "detail"),
    [
        ("en", "You have too few points", "Points that you can spend: 100"),
        ("es", "No tiene puntos suficientes", "Puntos que puede gastar: 100"),
        ("ar", "نقاطك غير كافية", "النقاط المتاحة لك: 100"),
    ],
)
def test_nobody_spends_more(
    client: CheckedClient, auth: SignIn, ann: User, language: str, title: str, detail: str
) -> None:
    headers = auth(ann) | {"Accept-Language": language}
    refused = client.post(f"{URL}/spend", json={"points": WELCOME_POINTS + 1}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (409, "loyalty_points_missing")
    assert (refused.json["title"], refused.json["detail"]) == (title, detail)
    assert client.get(URL, headers=auth(ann)).json == {"points": WELCOME_POINTS}


def test_every_sentence_is_translated() -> None:
    package = Path(marketplace_loyalty.__file__).parent
    assert missing_translations(package, package / "locales") == []


@pytest.mark.usefixtures("ann")
def test_the_command(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["loyalty", "show", "ANN"]).output == f"ANN: {WELCOME_POINTS} points\n"
    assert run(args=["loyalty", "show", "nobody"]).output == "Error: nobody has no account\n"
