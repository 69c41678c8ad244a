"""Evidence: what is taken and refused, who opens it, and that no file is left behind."""

import errno
import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from marketplace.blueprints.disputes.wiring import Disputes
from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.models import DisputeEvidence, User
from marketplace.testing import Factory
from marketplace.web.runtime import Runtime
from tests.disputes.conftest import Parties
from tests.orders.conftest import Deal, event_names
from tests.outside.test_pictures import bomb
from tests.support.certificates import PDF, picture
from tests.support.disputes import stored

pytestmark = pytest.mark.usefixtures("no_files")


@pytest.fixture
def disputed(parties: Parties) -> Parties:
    parties.dispute()
    db.session.commit()
    return parties


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(DisputeEvidence)) or 0


def test_both_parties_and_staff_open_it(app: Flask, disputed: Parties) -> None:
    answer = disputed.send("customer", note="The lamp on the floor")
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert {key: made[key] for key in ("side", "note", "content_type", "size", "sha256", "mine")} == {
        "side": "customer",
        "note": "The lamp on the floor",
        "content_type": "application/pdf",
        "size": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "mine": True,
    }
    [path] = stored(app)
    assert path.read_bytes() == PDF
    for role, mine in (("customer", True), ("performer", False), ("moderator", False), ("staff", False)):
        [seen] = disputed.get(role, "/evidence").json["items"]
        assert (seen["id"], seen["mine"]) == (made["id"], mine)
        assert disputed.get(role).json["evidence"] == [seen]
        opened = disputed.client.get(seen["file_url"])
        assert opened.data == PDF
        assert opened.headers["Content-Disposition"] == f'attachment; filename="evidence-{made["id"]}.pdf"'
        assert opened.headers["X-Content-Type-Options"] == "nosniff"
        assert "private" in opened.headers["Cache-Control"] or "no-store" in opened.headers["Cache-Control"]
    assert disputed.get("stranger", "/evidence").status_code == 404
    assert event_names("dispute.") == ["dispute.evidence_added"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_encoded_anew(app: Flask, disputed: Parties, kind: str) -> None:
    answer = disputed.send("performer", picture(kind, (3000, 1500)) + PDF)
    assert (answer.status_code, answer.json["content_type"]) == (201, "image/webp")
    [path] = stored(app)
    with Image.open(path) as kept:
        assert (kept.format, kept.size) == ("WEBP", (2400, 1200))
    assert PDF not in path.read_bytes()


def test_where_a_picture_was_taken_is_not_kept(app: Flask, disputed: Parties) -> None:
    content, exif = BytesIO(), Image.Exif()
    exif[0x010F] = "Zebulon's camera"
    Image.new("RGB", (40, 30), "red").save(content, "JPEG", exif=exif)
    assert b"Zebulon" in content.getvalue()
    assert disputed.send("customer", content.getvalue()).status_code == 201
    [path] = stored(app)
    assert b"Zebulon" not in path.read_bytes()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "validation_failed"),
        (b"<html><script>alert(1)</script></html>", "not_a_document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_a_document"),
        (b"<script>alert(1)</script>" + PDF, "not_a_document"),
        (PDF[:50], "not_a_document"),
        (picture()[:60], "not_a_document"),
        (b"PK\x03\x04" + b"\0" * 100, "not_a_document"),
        (bomb(13_000, 13_000), "picture_too_large"),
    ],
    ids=["nothing", "html", "svg", "script", "half PDF", "half PNG", "zip", "bomb"],
)
def test_what_is_refused_leaves_nothing(app: Flask, disputed: Parties, content: bytes, code: str) -> None:
    answer = disputed.send("customer", content)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert (stored(app), rows()) == ([], 0)


def test_the_largest_file(app: Flask, disputed: Parties) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
    for size, status in ((10_000_000, 201), (10_000_001, 422), (10_500_000, 413)):
        content = PDF[:9] + b" " * (size - len(PDF)) + PDF[9:]
        answer = disputed.client.post(
            f"/api/v1/orders/{disputed.order_id}/evidence",
            data=head + content + b"\r\n--b--\r\n",
            content_type="multipart/form-data; boundary=b",
            headers=disputed.deal.headers["performer"],
        )
        assert answer.status_code == status
    assert [path.stat().st_size for path in stored(app)] == [10_000_000]


@pytest.mark.parametrize(
    "values", [{"note": "x" * 301}, {"note": "a\x1bb"}, {"side": "performer"}, {"file_key": "x"}]
)
def test_fields_that_are_refused(app: Flask, disputed: Parties, values: dict[str, Any]) -> None:
    answer = disputed.send("customer", **values)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert (stored(app), rows()) == ([], 0)


def test_a_file_is_needed(disputed: Parties) -> None:
    answer = disputed.client.post(
        f"/api/v1/orders/{disputed.order_id}/evidence",
        data={"note": "Nothing"},
        content_type="multipart/form-data",
        headers=disputed.deal.headers["customer"],
    )
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")


def test_a_full_disk(app: Flask, disputed: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        answer = disputed.send("customer")
    assert (answer.status_code, answer.json["code"]) == (507, "storage_full")
    assert (stored(app), rows()) == ([], 0)


@pytest.mark.parametrize(
    "role", ["staff", "moderator", "stranger", "other_performer", "unverified", "anonymous"]
)
def test_only_parties_add(app: Flask, disputed: Parties, role: str) -> None:
    answer = disputed.send(role)
    wanted = {
        "staff": (403, "only_parties"), "moderator": (403, "only_parties"), "stranger": (404, "not_found"),
        "other_performer": (404, "not_found"), "unverified": (403, "not_verified"),
        "anonymous": (401, "unauthenticated"),
    }  # fmt: skip
    assert (answer.status_code, answer.json["code"]) == wanted[role]
    assert (stored(app), rows()) == ([], 0)


def test_only_while_the_dispute_is_open(app: Flask, disputed: Parties) -> None:
    made = disputed.send("customer").json
    disputed.done("customer", "withdraw")
    db.session.commit()
    path = f"/api/v1/orders/{disputed.order_id}/evidence/{made['id']}"
    for answer in (
        disputed.send("customer"),
        disputed.client.delete(path, headers=disputed.deal.headers["customer"]),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "dispute_not_open")
    assert (len(stored(app)), rows()) == (1, 1)
    # It can still be read, and goes on with the next dispute.
    assert disputed.client.get(disputed.get("staff", "/evidence").json["items"][0]["file_url"]).data == PDF
    seen = disputed.dispute("performer")
    assert ([one["id"] for one in seen["evidence"]], seen["evidence_left"]) == ([made["id"]], 10)
    assert disputed.get("customer").json["evidence_left"] == 9


def test_an_order_without_a_dispute_takes_none(app: Flask, parties: Parties) -> None:
    answer = parties.send("customer")
    assert (answer.status_code, answer.json["code"]) == (409, "dispute_not_open")
    assert stored(app) == []


def test_ten_of_each_party_and_no_more(app: Flask, disputed: Parties) -> None:
    made = [disputed.send("customer").json["id"] for _ in range(10)]
    db.session.commit()
    answer = disputed.send("customer")
    assert (answer.status_code, answer.json["code"]) == (409, "too_much_evidence")
    assert answer.json["detail"] == "You may add 10 files: delete one first"
    assert disputed.send("performer").status_code == 201, "nobody uses up the other's"
    assert disputed.get("customer").json["evidence_left"] == 0
    path = f"/api/v1/orders/{disputed.order_id}/evidence/{made[0]}"
    assert disputed.client.delete(path, headers=disputed.deal.headers["customer"]).status_code == 204
    assert disputed.send("customer").status_code == 201
    assert rows() == 11


def test_one_deletes_what_is_ones_own(app: Flask, disputed: Parties, run_jobs: Callable[[], int]) -> None:
    made = disputed.send("customer").json
    db.session.commit()
    path = f"/api/v1/orders/{disputed.order_id}/evidence/{made['id']}"
    for role, status in (("performer", 404), ("staff", 403), ("stranger", 404)):
        assert disputed.client.delete(path, headers=disputed.deal.headers[role]).status_code == status
    other = disputed.deal.order("disputed")
    db.session.commit()
    wrong = f"/api/v1/orders/{other.id}/evidence/{made['id']}"
    assert disputed.client.delete(wrong, headers=disputed.deal.headers["customer"]).status_code == 404
    assert disputed.client.delete(path, headers=disputed.deal.headers["customer"]).status_code == 204
    assert disputed.client.get(made["file_url"]).status_code == 404
    run_jobs()
    assert (stored(app), rows()) == ([], 0)
    assert disputed.client.delete(path, headers=disputed.deal.headers["customer"]).status_code == 404
    assert event_names("dispute.")[-1] == "dispute.evidence_removed"


def test_a_link_opens_for_as_long_as_its_reader_may(
    disputed: Parties, runtime: Runtime, deal: Deal, clock: FrozenClock
) -> None:
    made = disputed.send("customer").json
    links = {role: disputed.get(role, "/evidence").json["items"][0]["file_url"] for role in deal.headers if role in
             {"customer", "performer", "moderator"}}  # fmt: skip
    assert len(set(links.values())) == 3
    for link in links.values():
        assert disputed.client.get(link).status_code == 200
    deal.people["moderator"].roles = []
    deal.people["performer"].is_active = False
    db.session.commit()
    assert disputed.client.get(links["moderator"]).status_code == 404
    assert disputed.client.get(links["performer"]).status_code == 404
    assert disputed.client.get(links["customer"]).status_code == 200
    # A link that was made for a stranger, or for nobody, opens nothing.
    for right in (str(deal.people["stranger"].id), "staff", "", "-1", "²"):
        link = runtime.outside.private_files.link("evidence", made["id"], right)
        assert disputed.client.get(link).status_code == 404, right
    clock.advance(timedelta(minutes=20))
    assert disputed.client.get(links["customer"]).status_code == 404


def test_rights_are_asked_again_after_the_work(
    app: Flask, disputed: Parties, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file is stored, the dispute ends: nothing is added, and no file stays."""
    service = runtime.get(Disputes).evidence
    real, orders = service._files.put, disputed
    ended: list[Any] = []

    def end(*args: Any) -> None:
        real(*args)
        assert not runtime.uow.is_open
        with monkeypatch.context() as patch:
            patch.setattr(service._files, "put", real)
            ended.append(orders.done("customer", "withdraw"))
        db.session.commit()

    monkeypatch.setattr(service._files, "put", end)
    answer = disputed.send("customer")
    assert (answer.status_code, answer.json["code"]) == (409, "dispute_not_open")
    assert ended[0]["status"] == "delivered"
    assert (stored(app), rows()) == ([], 0)


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k1"}])
def test_no_transaction_is_open_while_a_file_is_stored(
    disputed: Parties, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, key: dict[str, str]
) -> None:
    service = runtime.get(Disputes).evidence
    seen: list[bool] = []
    for part, name in ((service._files, "put"), (service._documents, "take")):
        real = getattr(part, name)

        def watch(*args: Any, real: Any = real) -> Any:
            seen.append(runtime.uow.is_open)
            return real(*args)

        monkeypatch.setattr(part, name, watch)
    disputed.deal.headers["customer"] |= key
    assert disputed.send("customer").status_code == 201
    assert seen == [False, False]


def test_a_retry_stores_nothing_again(app: Flask, disputed: Parties) -> None:
    disputed.deal.headers["customer"] |= {"Idempotency-Key": "k1"}
    first, again = disputed.send("customer"), disputed.send("customer")
    assert first.status_code == 201
    assert (again.status_code, again.data) == (201, first.data)
    assert (len(stored(app)), rows()) == (1, 1)
    other = disputed.send("customer", picture())
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    assert (len(stored(app)), rows()) == (1, 1)


def test_files_that_no_row_has_are_swept(
    app: Flask, disputed: Parties, runtime: Runtime, clock: FrozenClock
) -> None:
    made = disputed.send("customer").json
    files, sweep = runtime.outside.files, runtime.get(Disputes).evidence.sweep
    files.put("private/evidence/" + "0" * 32 + ".pdf", PDF, "application/pdf")
    for hours, gone in ((23, 0), (25, 1), (25, 0)):
        for path in stored(app):
            os.utime(path, ((clock.now() - timedelta(hours=hours)).timestamp(),) * 2)
        assert sweep() == gone
    assert disputed.client.get(made["file_url"]).data == PDF


def test_pages_and_queries(disputed: Parties, assert_queries: Any) -> None:
    ids = []
    for count in (1, 5, 4):
        ids += [disputed.send("performer").json["id"] for _ in range(count)]
        db.session.remove()
        with assert_queries(3):  # the caller, the order, the list
            disputed.get("customer", "/evidence?limit=100")
    found, query = [], "?limit=3"
    while query:
        page = disputed.get("customer", f"/evidence{query}").json
        found += [item["id"] for item in page["items"]]
        query = f"?limit=3&after={page['next']}" if page["next"] else ""
    assert found == ids


def test_what_a_user_takes_away(
    app: Flask, disputed: Parties, deal: Deal, runtime: Runtime, make: Factory
) -> None:
    mine, theirs = disputed.send("customer", note="On the floor").json, disputed.send("performer").json
    built = runtime.get(Disputes)
    [row] = built.records.disputes(deal.customer.id)
    assert (row["order_id"], row["reason"], row["opened_role"]) == (
        disputed.order_id,
        "It fell down",
        "customer",
    )
    assert [row["id"] for row in built.records.evidence(deal.customer.id)] == [mine["id"]]
    assert [row["id"] for row in built.records.evidence(deal.performer_user.id)] == [theirs["id"]]
    stranger: User = make.user()
    assert list(built.records.disputes(stranger.id)) == list(built.records.evidence(stranger.id)) == []


def test_who_leaves_leaves_no_evidence(
    app: Flask, disputed: Parties, deal: Deal, runtime: Runtime, run_jobs: Callable[[], int]
) -> None:
    disputed.send("customer")
    kept = disputed.send("performer").json
    disputed.done("customer", "withdraw", reason="Never mind")
    with runtime.uow:
        runtime.get(Disputes).evidence.forget(deal.customer.id)
    run_jobs()
    assert (len(stored(app)), rows()) == (1, 1)
    seen = disputed.get("performer").json
    assert [one["id"] for one in seen["evidence"]] == [kept["id"]]
    assert (seen["reason"], seen["text"], seen["decision"]) == ("", "", None)
    with runtime.uow:
        runtime.get(Disputes).evidence.forget(deal.performer_user.id)
    run_jobs()
    assert (stored(app), rows()) == ([], 0)
