"""A copy of everything held on a user: asked for, made in the background, fetched by a link for a while."""

import base64
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event, select, text

from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.blueprints.privacy.adapters import ExportLinks
from marketplace.blueprints.privacy.services.archives import Archive
from marketplace.blueprints.privacy.wiring import Privacy
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.kernel.personal_data import ExportSection
from marketplace.models import AuditEntry, DataExport, JobRow, OneTimeCode, User, UserSession
from marketplace.testing import PASSWORD, START, CheckedClient, Factory
from marketplace.web.background import make_worker
from marketplace.web.runtime import Runtime
from tests.support.lives import SECRETS, Life, live
from tests.support.people import Messages, Person, statuses

Auth = Callable[[User], dict[str, str]]
ME = "/api/v1/user/me/export"
FILES = {
    "README.txt",
    "files.json",
    "profile.json",
    "sessions.json",
    "mailed_tokens.json",
    "texted_codes.json",
    "exports.json",
    "certificates.json",
    "change_requests.json",
    "reports.json",
    "audit_log.json",
    "favourites.json",
    "performer.json",
    "performer_figures.json",
    "portfolio.json",
    "schedule.json",
    "holds.json",
    "waitlist.json",
    "calendars.json",
    "feeds.json",
    "order_remarks.json",
    "order_series.json",
    "cancellation_policy.json",
    "disputes.json",
    "evidence.json",
    "services.json",
    "orders.json",
    "order_history.json",
    "review_photos.json",
    "customer_rating.json",
    "reviews_written.json",
    "reviews_received.json",
    "chats.json",
    "messages.json",
    "notifications.json",
}


@pytest.fixture
def life(make: Factory) -> Life:
    return live(make)


@pytest.fixture
def headers(life: Life, auth: Auth) -> dict[str, str]:
    return auth(life.user)


@pytest.fixture
def ready(client: CheckedClient, headers: dict[str, str], run_jobs: Callable[[], int]) -> dict[str, Any]:
    """Zebulon's export as it is shown when it is ready."""
    assert client.post(ME, headers=headers).status_code == 202
    run_jobs()
    found: dict[str, Any] = client.get(ME, headers=headers).json
    return found


def kept(runtime: Runtime, export_id: int) -> bytes:
    """The archive of an export, as it is stored."""
    return (
        runtime.settings.instance_path / "uploads" / "private" / "exports" / f"{export_id}.zip"
    ).read_bytes()


def opened(archive: bytes) -> dict[str, Any]:
    """The files of an archive by name, JSON read."""
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        contents = {name: found.read(name).decode() for name in found.namelist()}
    return {
        name: json.loads(content) if name.endswith(".json") else content for name, content in contents.items()
    }


def test_from_asking_to_fetching(
    client: CheckedClient,
    headers: dict[str, str],
    run_jobs: Callable[[], int],
    clock: FrozenClock,
    messages: Messages,
) -> None:
    assert client.get(ME, headers=headers).status_code == 404
    asked = client.post(ME, headers=headers)
    assert asked.status_code == 202
    assert {**asked.json, "id": 0} == {
        "id": 0,
        "status": "pending",
        "created_at": "2026-05-04T09:00:00Z",
        "ready_at": None,
        "expires_at": None,
        "url": None,
    }
    assert client.get(ME, headers=headers).json == asked.json
    clock.advance(timedelta(minutes=1))
    run_jobs()
    found = client.get(ME, headers=headers).json
    assert {**found, "url": ""} == {
        **asked.json,
        "status": "ready",
        "ready_at": "2026-05-04T09:01:00Z",
        "expires_at": "2026-05-11T09:01:00Z",
        "url": "",
    }
    assert found["url"].startswith("/api/v1/user/export?token=")
    fetched = client.get(found["url"])  # as a browser would: without a token of the API
    assert fetched.status_code == 200
    assert fetched.headers["Content-Type"] == "application/zip"
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert fetched.headers["Cache-Control"] == "no-store"
    assert set(opened(fetched.get_data())) == FILES
    [mail] = messages.all("export_ready")
    assert (mail["to"], mail["subject"], mail["data"]) == ("zeb.q@example.org", "Sus datos están listos", {})
    assert "7 días" in mail["text"]
    assert "token" not in mail["text"]


def test_no_log_line_holds_the_link(
    client: CheckedClient, ready: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = ready["url"].partition("=")[2]
    with caplog.at_level("INFO"):
        assert client.get(ready["url"]).status_code == 200
        assert client.get(ready["url"][:-1]).status_code == 404
    assert "/api/v1/user/export" in caplog.text
    assert token[:-1] not in caplog.text


def test_v2_gives_a_link_of_v2(client: CheckedClient, headers: dict[str, str], ready: dict[str, Any]) -> None:
    found = client.get("/api/v2/user/me/export", headers=headers).json
    assert found["url"].startswith("/api/v2/")
    assert client.get(found["url"]).status_code == 200


def test_what_is_in_it(client: CheckedClient, life: Life, ready: dict[str, Any]) -> None:
    files = opened(client.get(ready["url"]).get_data())
    assert "Zebulon" in files["README.txt"]
    assert "lista JSON" in files["README.txt"]  # in the user's language
    [profile] = files["profile.json"]
    shown = ("id", "username", "email", "phone", "first_name", "last_name", "locale", "second_factor")
    assert [profile[name] for name in shown] == [
        life.user.id, "zebulon", "zeb.q@example.org", "+4930901820", "Zebulon", "Quixworth", "es", True,
    ]  # fmt: skip
    assert profile["unused_recovery_codes"] == 1
    assert profile["avatar_url"] == "/media/avatars/zebulon.webp"
    assert "avatar_key" not in profile
    [session] = files["sessions.json"]
    assert (session["by_staff"], session["created_at"]) == (False, "2026-05-04T09:00:00Z")
    assert [(row["purpose"], row["sent_to"]) for row in files["mailed_tokens.json"]] == [
        ("change_email", "zebulon@work.example")
    ]
    assert {row["sent_to"] for row in files["texted_codes.json"]} == {"+4930901820", "+4930901899"}
    assert [row["status"] for row in files["exports.json"]] == ["pending"]
    changes = files["change_requests.json"]
    assert [(row["field_name"], row["status"]) for row in changes] == [
        ("first_name", "pending"),
        ("address", "rejected"),
    ]
    assert changes[1]["new_value"] == {"line1": "Mulberry Gate 2"}
    [performer] = files["performer.json"]
    assert (performer["headline"], performer["address"]["line1"]) == ("Plumber of renown", "Larkspur Lane 77")
    assert len(performer["categories"]) == 1
    [certificate] = files["certificates.json"]
    assert (certificate["title"], certificate["issued_on"], certificate["reason"]) == (
        "Diploma of Zebulon",
        "2025-05-04",
        "Zebulon, this is not readable",
    )
    assert not {"file_key", "decided_by"} & set(certificate)
    [figures] = files["performer_figures.json"]
    assert (figures["asked"], figures["response_p66"]) == (7, 20)
    [shown] = files["portfolio.json"]
    assert (shown["caption"], shown["file"]) == ("A tap for Zebulon", f"/media/portfolio/{7:032x}.webp")
    [photo] = files["review_photos.json"]
    assert (photo["file"], photo["width"]) == (f"/media/reviews/{8:032x}.webp", 4)
    assert files["customer_rating.json"] == [{"rating_count": 1, "rating_sum": 5}]
    hours, settings, exception, vacation = files["schedule.json"]
    assert hours == {"weekday": 0, "start_minute": 540, "end_minute": 1020}
    assert settings == {
        "notice_minutes": 90,
        "buffer_before_minutes": 10,
        "buffer_after_minutes": 20,
        "travel_kmh": 30,
    }
    assert (exception["kind"], exception["note"]) == ("unavailable", "Zebulon's dentist")
    assert vacation["ends_on"] == "2026-05-04"
    assert [row["title"] for row in files["services.json"]] == ["Mend a tap"]
    orders = {row["id"]: row for row in files["orders.json"]}
    assert orders[life.ordered.id]["role"] == "customer"
    assert orders[life.ordered.id]["address"] == {"line1": "Juniper Court 5"}
    assert orders[life.ordered.id]["note"] == "Sends a note"
    assert orders[life.served.id]["role"] == "performer"
    assert orders[life.served.id]["address"] is orders[life.served.id]["note"] is None
    assert [row["transition"] for row in files["order_history.json"]] == ["create"]
    assert [(row["text"], row["note_to_staff"]) for row in files["reviews_written.json"]] == [
        ("Otto was quick", "Whispers to staff")
    ]
    assert [(row["author"], row["text"]) for row in files["reviews_received.json"]] == [
        ("Otto", "Paid at once"),
        ("Otto", "The tap holds"),
    ]
    assert [(row["with"], row["last_seq"]) for row in files["chats.json"]] == [("Otto", 2)]
    assert [(row["from"], row["text"]) for row in files["messages.json"]] == [
        ("you", "When can you come?"),
        ("Otto", "On Tuesday"),
    ]
    assert [row["topic"] for row in files["notifications.json"]] == ["order.accepted"]


def test_disputes_are_in_it(client: CheckedClient, life: Life, ready: dict[str, Any]) -> None:
    files = opened(client.get(ready["url"]).get_data())
    [dispute] = files["disputes.json"]
    assert (dispute["order_id"], dispute["text"]) == (life.ordered.id, "Quarrels over a lamp")
    assert [row["note"] for row in files["evidence.json"]] == ["Shown by Zebulon"]


def test_what_staff_did_is_told_without_staff(
    client: CheckedClient, life: Life, ready: dict[str, Any]
) -> None:
    entries = opened(client.get(ready["url"]).get_data())["audit_log.json"]
    by_action = {row["action"]: row for row in entries}
    assert (by_action["user.password_changed"]["by"], by_action["user.password_changed"]["ip"]) == (
        "you",
        "192.0.2.1",
    )
    rejected = by_action["performer.rejected"]
    assert (rejected["by"], rejected["reason"], rejected["ip"]) == ("staff", "Papers missing", None)
    assert by_action["user.export"]["by"] == "you"
    # What the user did to somebody else is told, but not about whom it says what.
    assert by_action["user.blocked"]["reason"] is by_action["user.blocked"]["before"] is None


def test_nothing_secret_and_nobody_else(
    client: CheckedClient, life: Life, ready: dict[str, Any], headers: dict[str, str]
) -> None:
    archive = client.get(ready["url"]).get_data()
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        everything = b"\n".join(found.read(name) for name in found.namelist()).lower()
    for word in life.foreign:
        assert word.encode() not in everything, word
    sessions = db.session.scalars(select(UserSession).where(UserSession.user_id == life.user.id))
    hashes = [life.user.password_hash.encode(), *SECRETS, *(row.refresh_hash for row in sessions)]
    for secret in hashes:
        for form in (secret, secret.hex().encode(), base64.b64encode(secret), repr(secret)[2:-1].encode()):
            assert form.lower() not in everything, form
    assert headers["Authorization"].removeprefix("Bearer ").encode().lower() not in everything
    for word in (b"hash", b"argon2", b'"secret"', b"nonce"):
        assert word not in everything


def test_where_an_admin_sat_is_not_the_users(
    client: CheckedClient, life: Life, make: Factory, auth: Auth, run_jobs: Callable[[], int], app: Flask
) -> None:
    admin = auth(make.staff("admin"))
    answer = client.post(
        f"/api/v1/admin/users/{life.user.id}/act-as", headers=admin | {"User-Agent": "StaffBrowser"},
        environ_overrides={"REMOTE_ADDR": "203.0.113.66"},
    )  # fmt: skip
    assert answer.status_code == 200
    acting = {"Authorization": f"Bearer {answer.json['access_token']}"}
    for method in ("get", "post"):
        refused = getattr(client, method)(ME, headers=acting)
        assert (refused.status_code, refused.json["code"]) == (403, "not_while_acting")
    headers = auth(life.user)
    client.post(ME, headers=headers)
    run_jobs()
    archive = client.get(client.get(ME, headers=headers).json["url"]).get_data()
    files = opened(archive)
    [by_staff] = [row for row in files["sessions.json"] if row["by_staff"]]
    assert by_staff["ip"] is by_staff["device"] is None
    assert "203.0.113.66" not in str(files)
    assert "StaffBrowser" not in str(files)


def test_unpublished_and_hidden_reviews_of_the_user_stay_closed(
    client: CheckedClient, life: Life, make: Factory, headers: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    order = make.order(life.other, life.service, status="completed", completed_at=START)
    make.review(order, text="Not yet", published_at=None)
    order = make.order(life.other, life.service, status="completed", completed_at=START)
    make.review(order, text="Not any more", hidden_at=START)
    client.post(ME, headers=headers)
    run_jobs()
    files = opened(client.get(client.get(ME, headers=headers).json["url"]).get_data())
    assert [row["text"] for row in files["reviews_received.json"]] == ["Paid at once", "The tap holds"]


def test_what_another_took_back_is_without_its_text(
    client: CheckedClient, life: Life, make: Factory, headers: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    make.message(life.chat, life.other.id, "Forget this", deleted_at=START)
    make.message(life.chat, life.user.id, "Mine too", deleted_at=START)
    client.post(ME, headers=headers)
    run_jobs()
    files = opened(client.get(client.get(ME, headers=headers).json["url"]).get_data())
    assert [row["text"] for row in files["messages.json"]][2:] == [None, "Mine too"]


def test_somebody_with_nothing(
    client: CheckedClient, make: Factory, auth: Auth, run_jobs: Callable[[], int]
) -> None:
    headers = auth(make.user(locale="ar"))
    client.post(ME, headers=headers)
    run_jobs()
    files = opened(client.get(client.get(ME, headers=headers).json["url"]).get_data())
    assert set(files) == FILES
    full = {name for name, content in files.items() if content}
    assert full == {"README.txt", "profile.json", "sessions.json", "exports.json", "audit_log.json"}
    assert files["performer.json"] == files["messages.json"] == []


# --- one at a time ------------------------------------------------------------------------------------


def test_a_second_one_is_the_first(
    client: CheckedClient, headers: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    first = client.post(ME, headers=headers)
    second = client.post(ME, headers=headers)
    assert (second.status_code, second.json) == (202, first.json)
    assert db.session.scalars(select(JobRow.kind).where(JobRow.kind == "accounts.export")).all() == [
        "accounts.export"
    ]
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "user.export")).all()) == 1


def test_a_new_one_takes_the_place_of_a_ready_one(
    client: CheckedClient, headers: dict[str, str], ready: dict[str, Any], run_jobs: Callable[[], int]
) -> None:
    newer = client.post(ME, headers=headers).json
    assert newer["id"] != ready["id"]
    assert newer["status"] == client.get(ME, headers=headers).json["status"] == "pending"
    assert client.get(ready["url"]).status_code == 404
    run_jobs()
    assert client.get(client.get(ME, headers=headers).json["url"]).status_code == 200
    assert len(db.session.scalars(select(DataExport)).all()) == 1


def test_twenty_at_once_make_one(
    at_once: Callable[..., list[Any]], rows: Callable[[str], list[Any]], committed: Flask
) -> None:
    with committed.app_context():
        user = Factory().user()
        tokens = committed.extensions["marketplace"].get(Accounts).sessions.open(user.id, Device())
    headers = {"Authorization": f"Bearer {tokens.access_token}"}

    def ask(client: CheckedClient, _number: int) -> Any:
        return client.post(ME, headers=headers)

    answers = at_once(20, ask)
    assert statuses(answers) == {(202, None): 20}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert rows("SELECT status FROM data_export") == [("pending",)]
    assert rows("SELECT count(*) FROM job WHERE kind = 'accounts.export'") == [(1,)]
    # Twenty more while it is made and told of.
    worker = make_worker(committed, 1)

    def ask_or_work(client: CheckedClient, number: int) -> Any:
        if number == 0:
            worker.run_pending()
            return None
        return client.post(ME, headers=headers)

    again = [answer for answer in at_once(20, ask_or_work) if answer is not None]
    assert statuses(again) == {(202, None): 19}
    assert len(rows("SELECT id FROM data_export")) == 1


def test_an_old_log_in_does_not_do(
    client: CheckedClient, headers: dict[str, str], clock: FrozenClock
) -> None:
    clock.advance(timedelta(minutes=14, seconds=59))
    assert client.post(ME, headers=headers).status_code == 202


def test_a_log_in_of_a_quarter_of_an_hour_ago_does_not_do(
    person: Callable[..., Person], clock: FrozenClock
) -> None:
    ann = person()
    clock.advance(timedelta(minutes=15, seconds=1))
    ann.tokens = ann.client.post(
        "/api/v1/user/token/refresh", json={"refresh_token": ann.tokens["refresh_token"]}
    ).json
    refused = ann.call("POST", "/me/export")
    assert (refused.status_code, refused.json["code"]) == (403, "recent_login_needed")
    assert ann.call("GET", "/me/export").status_code == 404


# --- the link -----------------------------------------------------------------------------------------


def test_a_link_is_good_for_a_quarter_of_an_hour(
    client: CheckedClient, life: Life, auth: Auth, ready: dict[str, Any], clock: FrozenClock
) -> None:
    clock.advance(timedelta(minutes=14, seconds=59))
    assert client.get(ready["url"]).status_code == 200
    clock.advance(timedelta(seconds=1))
    late = client.get(ready["url"])
    assert (late.status_code, late.json["code"]) == (404, "not_found")
    again = client.get(ME, headers=auth(life.user)).json["url"]
    assert client.get(again).status_code == 200


def test_a_link_that_is_not_ours(client: CheckedClient, ready: dict[str, Any], life: Life) -> None:
    token = ready["url"].partition("=")[2]
    until = START + timedelta(minutes=10)
    bent = [
        token[:-1] + ("Q" if token[-1] in "ABCD" else "A"),  # the last letter holds four bits
        token[::-1],
        "x" * 512,
        ".",
        "é",
        ExportLinks("another secret").sign(ready["id"], life.user.id, until),
    ]
    for wrong in bent:
        answer = client.get("/api/v1/user/export", query_string={"token": wrong})
        assert (answer.status_code, answer.json["code"]) == (404, "not_found"), wrong
    assert client.get("/api/v1/user/export").status_code == 422
    assert client.get("/api/v1/user/export?token=" + "x" * 513).status_code == 422


def test_a_link_is_bound_to_export_and_user(
    client: CheckedClient, ready: dict[str, Any], life: Life, runtime: Runtime
) -> None:
    links = ExportLinks(runtime.settings.secret_key)
    until = START + timedelta(minutes=10)
    right = links.sign(ready["id"], life.user.id, until)
    assert client.get(f"/api/v1/user/export?token={right}").status_code == 200
    for export_id, user_id in ((ready["id"], life.other.id), (ready["id"] + 1, life.user.id)):
        token = links.sign(export_id, user_id, until)
        assert client.get(f"/api/v1/user/export?token={token}").status_code == 404


@pytest.mark.parametrize("values", [{"is_active": False}, {"deleted_at": START}])
def test_no_link_opens_for_who_is_blocked_or_gone(
    client: CheckedClient, ready: dict[str, Any], life: Life, values: dict[str, Any]
) -> None:
    for name, value in values.items():
        setattr(db.session.get_one(User, life.user.id), name, value)
    db.session.commit()
    assert client.get(ready["url"]).status_code == 404


def test_a_change_of_password_ends_the_link(
    client: CheckedClient, ready: dict[str, Any], life: Life, auth: Auth
) -> None:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    db.session.get_one(User, life.user.id).password_hash = hasher.hash(PASSWORD)
    db.session.commit()
    body = {"current_password": PASSWORD, "new_password": "Other-Horse-8"}
    changed = client.post("/api/v1/user/password/change", json=body, headers=auth(life.user))
    assert changed.status_code == 204, changed.json
    assert client.get(ready["url"]).status_code == 404
    assert db.session.scalars(select(DataExport.id)).all() == []


def test_an_archive_is_kept_for_a_week(
    client: CheckedClient,
    life: Life,
    auth: Auth,
    ready: dict[str, Any],
    clock: FrozenClock,
    runtime: Runtime,
) -> None:
    clock.advance(timedelta(days=7, seconds=-1))
    link = client.get(ME, headers=auth(life.user)).json["url"]
    runtime.get(Privacy).exports.sweep()
    assert client.get(link).status_code == 200
    clock.advance(timedelta(seconds=1))
    assert client.get(link).status_code == 404
    assert client.get(ME, headers=auth(life.user)).status_code == 404
    assert db.session.scalars(select(DataExport.id)).all() == [ready["id"]]
    runtime.get(Privacy).exports.sweep()
    assert db.session.scalars(select(DataExport.id)).all() == []


# --- making it ----------------------------------------------------------------------------------------


def test_a_job_that_runs_again_changes_nothing(
    ready: dict[str, Any], runtime: Runtime, messages: Messages
) -> None:
    before = db.session.execute(select(DataExport.ready_at, DataExport.expires_at)).one()
    with runtime.uow:
        runtime.uow.enqueue("accounts.export", {"export_id": ready["id"]})
    messages.all()
    assert db.session.execute(select(DataExport.ready_at, DataExport.expires_at)).one() == before


def test_who_is_deleted_meanwhile_gets_none(
    client: CheckedClient, headers: dict[str, str], life: Life, run_jobs: Callable[[], int]
) -> None:
    client.post(ME, headers=headers)
    db.session.get_one(User, life.user.id).deleted_at = START
    db.session.commit()
    run_jobs()
    assert db.session.scalars(select(DataExport.status)).all() == ["failed"]


def test_one_that_cannot_be_made_is_given_up(
    client: CheckedClient,
    life: Life,
    auth: Auth,
    runtime: Runtime,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    app: Flask,
) -> None:
    exports = runtime.get(Privacy).exports

    def broken(_user_id: int) -> Iterable[Mapping[str, Any]]:
        yield {"a": 1}
        raise LookupError("a row too many")

    whole = list(exports._sections)
    monkeypatch.setattr(exports, "_sections", [*whole, ExportSection("broken", broken)])
    asked = client.post(ME, headers=auth(life.user)).json
    make_worker(app, 1).run_one()
    failed = db.session.scalars(select(JobRow).where(JobRow.kind == "accounts.export")).one()
    db.session.refresh(failed)
    assert (failed.status, failed.last_error) == ("pending", "LookupError: a row too many")
    assert client.get(ME, headers=auth(life.user)).json["status"] == "pending"
    runtime.get(Privacy).exports.sweep()
    clock.advance(timedelta(hours=6, seconds=1))
    headers = auth(life.user)
    assert client.get(ME, headers=headers).json["status"] == "pending"
    runtime.get(Privacy).exports.sweep()
    given_up = client.get(ME, headers=headers).json
    assert (given_up["id"], given_up["status"], given_up["url"]) == (asked["id"], "failed", None)
    assert client.post(ME, headers=headers).json["id"] != asked["id"]


FILL = text("""
    INSERT INTO message (chat_id, seq, sender_id, client_id, text)
    SELECT :chat, n, CASE WHEN n % 2 = 0 THEN :user ELSE :other END, gen_random_uuid(),
           rpad(n::text, 4000, 'x')
    FROM generate_series(3, :count) AS n""")


def test_many_rows_cost_no_more_queries_and_little_memory(life: Life, runtime: Runtime, context: Any) -> None:
    """20 MB of messages, of which few are in memory at a time."""
    exports = runtime.get(Privacy).exports

    def build() -> tuple[int, int, int]:
        seen: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        with runtime.uow:
            export_id = exports._exports.start(life.user.id, START).id
        event.listen(context, "before_cursor_execute", note)
        tracemalloc.start()
        try:
            exports.build(export_id)
            return len(seen), tracemalloc.get_traced_memory()[1], export_id
        finally:
            tracemalloc.stop()
            event.remove(context, "before_cursor_execute", note)

    few, _, _ = build()
    values = {"chat": life.chat.id, "user": life.user.id, "other": life.other.id, "count": 5000}
    db.session.execute(FILL, values)
    db.session.commit()
    many, peak, export_id = build()
    assert many == few
    rows = opened(kept(runtime, export_id))["messages.json"]
    assert [row["seq"] for row in rows] == list(range(1, 5001))
    assert sum(len(row["text"]) for row in rows) > 19_000_000
    assert peak < 8_000_000


def test_values_are_written_as_the_api_writes_them() -> None:
    file = io.BytesIO()
    row = {
        "at": datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        "id": UUID(int=7),
        "none": None,
        "name": "Łódź «ظ»",
    }
    sections = [ExportSection("one", lambda _: [row]), ExportSection("none", lambda _: [])]
    with Archive(file, START) as archive:
        archive.add_text("README.txt", "Hello")
        for section in sections:
            archive.add_rows(section.name, section.collect(1))
    files = opened(file.getvalue())
    assert files["one.json"] == [
        {
            "at": "2026-01-02T03:04:05.000678Z",
            "id": "00000000-0000-0000-0000-000000000007",
            "none": None,
            "name": "Łódź «ظ»",
        }
    ]
    assert files["none.json"] == []
    with zipfile.ZipFile(file) as found:
        assert {entry.date_time for entry in found.infolist()} == {(2026, 5, 4, 9, 0, 0)}
    with pytest.raises(TypeError, match="no bytes"):
        Archive(io.BytesIO(), START).add_rows("x", [{"a": b"secret"}])


def test_codes_of_a_number_that_is_not_the_users_are_not_told(
    client: CheckedClient, life: Life, headers: dict[str, str], run_jobs: Callable[[], int]
) -> None:
    db.session.add(OneTimeCode(phone="+4930901830", purpose="sign_in", nonce=b"x", expires_at=START))
    db.session.commit()
    client.post(ME, headers=headers)
    run_jobs()
    files = opened(client.get(client.get(ME, headers=headers).json["url"]).get_data())
    assert "+4930901830" not in str(files)


def test_links_outlive_no_clock(runtime: Runtime) -> None:
    links = ExportLinks("secret")
    token = links.sign(5, 7, START)
    assert links.read(token, START - timedelta(seconds=1)) == (5, 7)
    assert links.read(token, START) is None
    assert links.read(token.rpartition(".")[0], START - timedelta(seconds=1)) is None
