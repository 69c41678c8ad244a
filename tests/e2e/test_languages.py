"""Errors in Spanish and Arabic from a running server: HTTP, the gate of sockets, acks."""

from typing import Any

import pytest
import requests

from tests.e2e.conftest import Running
from tests.support.sockets import SocketClient

pytestmark = pytest.mark.e2e

WORDS = {
    "es": {
        "login": "El usuario o la contraseña no son correctos",
        "field": "Este campo es obligatorio.",
        "token": "Envíe Authorization: Bearer <token de acceso>",
        "query": "Debe ser como máximo 100.",
        "gate": "Envíe cada parámetro una sola vez",
        "event": "Ese evento no existe",
        "payload": "Este campo es obligatorio.",
    },
    "ar": {
        "login": "اسم المستخدم أو كلمة المرور غير صحيحة",
        "field": "هذا الحقل مطلوب.",
        "token": "أرسل Authorization: Bearer <رمز الدخول>",
        "query": "يجب ألا تزيد القيمة على 100.",
        "gate": "أرسل كل معامل مرة واحدة",
        "event": "لا يوجد حدث كهذا",
        "payload": "هذا الحقل مطلوب.",
    },
}


def problem(answer: requests.Response, language: str) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("language", WORDS)
def test_errors_speak_the_language_of_the_caller(server: Running, language: str) -> None:
    words, asked = WORDS[language], {"Accept-Language": f"{language}-XX,{language};q=0.9,en;q=0.5"}
    login = server.api(
        "POST", "/user/login", json={"login": "nobody", "password": "Wrong-1234"}, headers=asked
    )
    assert problem(login, language)["title"] == words["login"]
    empty = server.api("POST", "/user/login", json={}, headers=asked)
    assert problem(empty, language)["errors"]["json"]["login"] == [words["field"]]
    assert problem(server.api("GET", "/user/me", headers=asked), language)["detail"] == words["token"]
    query = server.api("GET", "/performers?limit=101", headers=asked)
    assert problem(query, language)["errors"]["query"]["limit"] == [words["query"]]
    gate = requests.get(
        f"{server.base}/socket.io/?EIO=4&transport=polling&sid=a&sid=b", headers=asked, timeout=15
    )
    assert problem(gate, language)["detail"] == words["gate"]


@pytest.mark.parametrize("language", WORDS)
def test_so_do_acks(server: Running, language: str) -> None:
    body = {
        "username": f"reader_{language}",
        "email": f"reader_{language}@example.org",
        "password": "Correct-Horse-7",
        "first_name": "Rea",
        "last_name": "Der",
    }
    token = server.api("POST", "/user/sign-up", json=body).json()["tokens"]["access_token"]
    mailed = server.mail_to(body["email"])["data"]["token"]
    assert server.api("POST", "/user/email/verify", json={"token": mailed}).status_code == 204
    client = SocketClient(reconnection=False)
    client.connect(
        server.base,
        headers={"Accept-Language": language},
        auth={"token": token},
        namespaces=["/chat"],
        wait_timeout=10,
    )
    try:
        unknown = client.call("no:such", {}, namespace="/chat", timeout=10)
        assert unknown["error"]["title"] == WORDS[language]["event"]
        missing = client.call("message:send", {}, namespace="/chat", timeout=10)
        assert missing["error"]["errors"]["json"]["chat_id"] == [WORDS[language]["payload"]]
    finally:
        client.disconnect()
