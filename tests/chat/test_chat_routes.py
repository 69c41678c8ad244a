"""Chats over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from marketplace.extensions import db
from marketplace.models import AuditEntry, Chat, User


def write(client: Any, headers: Any, chat_id: int, text: str = "Hello", **more: Any) -> Any:
    body = {"client_id": str(uuid4()), "text": text, **more}
    return client.post(f"/api/v1/chats/{chat_id}/messages", headers=headers, json=body)


def test_a_chat_with_a_performer_is_opened_once(client: Any, make: Any, auth: Any) -> None:
    performer, customer = make.performer(), make.user()
    headers = auth(customer)
    first = client.post("/api/v1/chats", headers=headers, json={"performer_id": performer.id})
    again = client.post("/api/v1/chats", headers=headers, json={"performer_id": performer.id})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json["customer_id"] == customer.id
    assert first.json["other"]["id"] == performer.user_id
    assert len(first.json["other"]["last_name"]) == 1
    assert first.json["last_message"] is None


def test_the_chat_of_an_order_is_the_same_for_both(client: Any, make: Any, auth: Any) -> None:
    order = make.order()
    customer = db.session.get(User, order.customer_id)
    performer = db.session.get(User, _performer_user(order))
    first = client.post("/api/v1/chats", headers=auth(performer), json={"order_id": order.id})
    second = client.post("/api/v1/chats", headers=auth(customer), json={"order_id": order.id})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json["id"] == second.json["id"]
    assert first.json["other"]["id"] == customer.id


def _performer_user(order: Any) -> int:
    from marketplace.models import Performer

    found = db.session.get(Performer, order.performer_id)
    assert found is not None
    return found.user_id


def test_the_order_of_others_is_absent(client: Any, make: Any, auth: Any) -> None:
    order = make.order()
    headers = auth(make.user())
    assert client.post("/api/v1/chats", headers=headers, json={"order_id": order.id}).status_code == 404
    assert client.post("/api/v1/chats", headers=headers, json={"order_id": 999_999}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"order_id": 1, "performer_id": 1}, {"performer_id": 0}, {"x": 1}])
def test_exactly_one_must_be_said(client: Any, make: Any, auth: Any, body: Any) -> None:
    assert client.post("/api/v1/chats", headers=auth(make.user()), json=body).status_code == 422


def test_nobody_chats_with_themselves(client: Any, make: Any, auth: Any) -> None:
    user = make.user()
    performer = make.performer(user)
    found = client.post("/api/v1/chats", headers=auth(user), json={"performer_id": performer.id})
    assert (found.status_code, found.json["code"]) == (403, "own_profile")


@pytest.mark.parametrize("hidden", [{"status": "pending"}, {"active": False}])
def test_a_performer_who_is_not_shown_is_absent_unless_known(
    client: Any, make: Any, auth: Any, hidden: Any
) -> None:
    performer, customer = make.performer(**hidden), make.user()
    headers = auth(customer)
    body = {"performer_id": performer.id}
    assert client.post("/api/v1/chats", headers=headers, json=body).status_code == 404
    chat = make.chat(customer, performer)
    found = client.post("/api/v1/chats", headers=headers, json=body)
    assert (found.status_code, found.json["id"]) == (200, chat.id)


def test_messages_are_numbered_and_a_repeated_one_gives_the_first_ack(client: Any, talk: Any) -> None:
    client_id = str(uuid4())
    first = write(client, talk.asks, talk.id, "One", client_id=client_id)
    again = write(client, talk.asks, talk.id, "Another text", client_id=client_id)
    other = write(client, talk.answers, talk.id, "Two", client_id=client_id)
    assert [r.status_code for r in (first, again, other)] == [201, 200, 201]
    assert again.json == {**first.json, "duplicate": True}
    assert (first.json["seq"], other.json["seq"]) == (1, 2)
    listed = client.get(f"/api/v1/chats/{talk.id}/messages", headers=talk.answers).json
    assert [(item["seq"], item["text"]) for item in listed["items"]] == [(1, "One"), (2, "Two")]
    assert (listed["last_seq"], listed["has_more"]) == (2, False)


@pytest.mark.parametrize(
    "client_id",
    [
        "5",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "V1StGXR8_Z5jdHi6B-myT",
        "0F6E5A1C-7D0E-4D8E-9A3B-2F1C5F0B7A11",
        "0f6e5a1c7d0e4d8e9a3b2f1c5f0b7a11",
        "!" * 64,
        "%22'\\\"~",
    ],
)
def test_a_client_names_its_messages_as_it_likes(client: Any, talk: Any, client_id: str) -> None:
    first = write(client, talk.asks, talk.id, "One", client_id=client_id)
    again = write(client, talk.asks, talk.id, "Two", client_id=client_id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["client_id"] == client_id
    assert again.json == {**first.json, "duplicate": True}
    assert (
        write(
            client, talk.asks, talk.id, "Three", client_id=client_id + "x" if len(client_id) < 64 else "x"
        ).status_code
        == 201
    )
    listed = client.get(f"/api/v1/chats/{talk.id}/messages", headers=talk.asks).json["items"]
    assert (listed[0]["client_id"], len(listed)) == (client_id, 2)


def test_a_uuid_is_the_same_name_in_every_form(client: Any, talk: Any) -> None:
    client_id = str(uuid4())
    first = write(client, talk.asks, talk.id, client_id=client_id)
    again = write(client, talk.asks, talk.id, client_id=client_id.upper().replace("-", ""))
    assert (again.status_code, again.json["id"], again.json["client_id"]) == (
        200,
        first.json["id"],
        client_id,
    )


def test_an_idempotency_key_replays_the_answer(client: Any, talk: Any) -> None:
    headers = {**talk.asks, "Idempotency-Key": "k1"}
    body = {"client_id": str(uuid4()), "text": "Hi"}
    url = f"/api/v1/chats/{talk.id}/messages"
    first, again = (client.post(url, headers=headers, json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.data == again.data


@pytest.mark.parametrize(
    ("query", "expected", "more"),
    [
        ("limit=3", [8, 9, 10], True),
        ("after_seq=0&limit=3", [1, 2, 3], True),
        ("after_seq=8", [9, 10], False),
        ("after_seq=10", [], False),
        ("after_seq=99", [], False),
        ("before_seq=4&limit=2", [2, 3], True),
        ("before_seq=3", [1, 2], False),
        ("before_seq=0", [], False),
        ("", list(range(1, 11)), False),
    ],
)
def test_windows(client: Any, make: Any, talk: Any, query: str, expected: list[int], more: bool) -> None:
    for _ in range(10):
        make.message(talk.chat, talk.customer.id)
    found = client.get(f"/api/v1/chats/{talk.id}/messages?{query}", headers=talk.asks).json
    assert [item["seq"] for item in found["items"]] == expected
    assert (found["has_more"], found["last_seq"]) == (more, 10)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "after_seq=-1", "after_seq=1&before_seq=2", "after_seq=x", "page=1"]
)
def test_a_bad_window_is_refused(client: Any, talk: Any, query: str) -> None:
    found = client.get(f"/api/v1/chats/{talk.id}/messages?{query}", headers=talk.asks)
    assert found.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"text": "no id"},
        {"client_id": "", "text": "x"},
        {"client_id": "a b", "text": "x"},
        {"client_id": " a", "text": "x"},
        {"client_id": "é", "text": "x"},
        {"client_id": "x" * 65, "text": "x"},
        {"client_id": 5, "text": "x"},
        {"client_id": str(uuid4()), "text": ""},
        {"client_id": str(uuid4()), "text": "  "},
        {"client_id": str(uuid4()), "text": "x" * 4001},
        {"client_id": str(uuid4()), "text": "a\x00b"},
    ],
)
def test_a_bad_message_stores_nothing(client: Any, talk: Any, body: Any) -> None:
    found = client.post(f"/api/v1/chats/{talk.id}/messages", headers=talk.asks, json=body)
    assert found.status_code == 422
    assert client.get(f"/api/v1/chats/{talk.id}", headers=talk.asks).json["last_seq"] == 0


def test_4000_characters_with_lines_and_emoji_are_kept(client: Any, talk: Any) -> None:
    text = "Zeile\n" + "😀" * 3994
    assert write(client, talk.asks, talk.id, text).json["text"] == text


def test_the_chat_of_others_is_absent(client: Any, talk: Any) -> None:
    base = f"/api/v1/chats/{talk.id}"
    write(client, talk.asks, talk.id)
    assert client.get(base, headers=talk.stranger).status_code == 404
    assert client.get(f"{base}/messages", headers=talk.stranger).status_code == 404
    assert write(client, talk.stranger, talk.id).status_code == 404
    assert client.post(f"{base}/read", headers=talk.stranger, json={"up_to_seq": 1}).status_code == 404
    assert client.get("/api/v1/chats", headers=talk.stranger).json["items"] == []


def test_unverified_users_are_refused(client: Any, make: Any, auth: Any) -> None:
    user = make.user(email_verified=False)
    chat = make.chat(user)
    headers = auth(user)
    assert client.get("/api/v1/chats", headers=headers).json["code"] == "not_verified"
    assert client.get(f"/api/v1/chats/{chat.id}/messages", headers=headers).status_code == 403
    assert write(client, headers, chat.id).status_code == 403


def test_marks_never_go_back_nor_past_the_end(client: Any, make: Any, talk: Any) -> None:
    for _ in range(5):
        make.message(talk.chat, talk.customer.id)

    def read(up_to: int) -> tuple[int, int]:
        found = client.post(f"/api/v1/chats/{talk.id}/read", headers=talk.answers, json={"up_to_seq": up_to})
        return found.json["read_seq"], found.json["delivered_seq"]

    assert [read(up_to) for up_to in (3, 1, 0, 4, 2**63 - 1)] == [(3, 3), (3, 3), (3, 3), (4, 4), (5, 5)]
    seen = client.get(f"/api/v1/chats/{talk.id}", headers=talk.asks).json
    assert (seen["other_read_seq"], seen["read_seq"]) == (5, 0)


def test_unread_counts_what_the_other_wrote_after_the_mark(client: Any, make: Any, talk: Any) -> None:
    for sender in (talk.customer.id, talk.performer.user_id, talk.customer.id, talk.customer.id):
        make.message(talk.chat, sender)

    def unread(headers: Any) -> int:
        found: int = client.get("/api/v1/chats", headers=headers).json["items"][0]["unread_count"]
        return found

    assert (unread(talk.answers), unread(talk.asks)) == (3, 1)
    client.post(f"/api/v1/chats/{talk.id}/read", headers=talk.answers, json={"up_to_seq": 3})
    assert unread(talk.answers) == 1


def test_chats_come_newest_activity_first_with_their_last_message(client: Any, make: Any, auth: Any) -> None:
    user = make.user()
    headers = auth(user)
    chats = [make.chat(user) for _ in range(5)]
    for number in (0, 3, 1, 4, 2, 0):
        assert write(client, headers, chats[number].id, f"to {number}").status_code == 201
    expected = [chats[number].id for number in (0, 2, 4, 1, 3)]
    seen, query = [], "limit=2"
    while query:
        page = client.get(f"/api/v1/chats?{query}", headers=headers).json
        seen += page["items"]
        query = f"limit=2&after={page['next']}" if page["next"] else ""
    assert [item["id"] for item in seen] == expected
    assert [item["last_message"]["text"] for item in seen] == [f"to {n}" for n in (0, 2, 4, 1, 3)]
    bent = client.get("/api/v1/chats?after=abc", headers=headers)
    assert (bent.status_code, bent.json["code"]) == (400, "invalid_cursor")


def test_a_list_of_any_length_costs_the_same_queries(
    client: Any, make: Any, auth: Any, assert_queries: Any
) -> None:
    user = make.user()
    headers, performer = auth(user), make.performer()
    city, counts = performer.city_id, []
    for rows in (1, 6, 100):
        for _ in range(rows - sum(counts)):
            chat = make.chat(user, make.performer(city_id=city, categories=[]))
            make.message(chat, user.id)
        counts.append(rows - sum(counts))
        with assert_queries(2):
            found = client.get("/api/v1/chats?limit=100", headers=headers)
        assert len(found.json["items"]) == rows


def test_messages_of_any_number_cost_the_same_queries(
    client: Any, make: Any, talk: Any, assert_queries: Any
) -> None:
    made = 0
    for rows in (1, 6, 100):
        while made < rows:
            make.message(talk.chat, talk.customer.id)
            made += 1
        with assert_queries(3):
            found = client.get(f"/api/v1/chats/{talk.id}/messages?limit=100", headers=talk.asks)
        assert len(found.json["items"]) == rows


def test_staff_may_look_and_every_look_is_written_down(client: Any, make: Any, auth: Any, talk: Any) -> None:
    moderator = make.staff()
    headers = auth(moderator)
    url = f"/api/v1/admin/chats/{talk.id}/messages"
    write(client, talk.asks, talk.id, "Private")
    for _ in range(2):
        assert client.get(url, headers=headers).json["items"][0]["text"] == "Private"
    entries = db.session.query(AuditEntry).filter_by(action="chat.read", subject_id=talk.id).all()
    assert [(entry.actor_id, entry.after) for entry in entries] == [(moderator.id, {"seq": [1, 1]})] * 2
    assert client.get(url, headers=talk.asks).status_code == 403
    assert client.get(url).status_code == 401
    assert client.get("/api/v1/admin/chats/999999/messages", headers=headers).status_code == 404
    # Over the members' own door, staff are strangers.
    assert client.get(f"/api/v1/chats/{talk.id}", headers=headers).status_code == 404


def test_a_message_in_another_chat_with_the_same_client_id_is_the_first_one(
    client: Any, make: Any, talk: Any
) -> None:
    other = make.chat(talk.customer)
    client_id = str(uuid4())
    first = write(client, talk.asks, talk.id, client_id=client_id).json
    again = write(client, talk.asks, other.id, client_id=client_id)
    assert again.status_code == 200
    assert (again.json["id"], again.json["chat_id"], again.json["duplicate"]) == (first["id"], talk.id, True)
    db.session.expire_all()
    assert db.session.get(Chat, other.id).last_seq == 0
