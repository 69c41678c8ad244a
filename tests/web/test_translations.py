"""Errors in the caller's language: titles, details, reasons of fields."""

import json
from typing import Any

import pytest

from marketplace.testing import CheckedClient

SIGN_UP = "/api/v1/user/sign-up"


def refused(client: CheckedClient, language: str, path: str = SIGN_UP, **request: Any) -> dict[str, Any]:
    answer = client.post(path, headers={"Accept-Language": language}, **request)
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    problem: dict[str, Any] = answer.get_json()
    return problem


BODY = {
    "username": "a",
    "email": "nobody",
    "password": "x",
    "first_name": "\u0000",
    "last_name": 5,
    "phone": "12345678",
    "timezone": "Mars/Base",
    "surprise": True,
}
SPANISH = {
    "username": ["Número mínimo de caracteres: 3."],
    "email": ["Esto no es un correo electrónico como name@example.org."],
    "last_name": ["Debe ser texto."],
    "phone": ["Escriba el número con + y el prefijo del país, como +442071838750."],
    "timezone": ["Debe ser una zona horaria de IANA como Europe/Berlin."],
    "surprise": ["Campo desconocido."],
}
ARABIC = {
    "username": ["الحد الأدنى لعدد المحارف: 3."],
    "email": ["ليس هذا بريدًا إلكترونيًا مثل name@example.org."],
    "last_name": ["يجب أن تكون القيمة نصًا."],
    "phone": ["اكتب الرقم مع + ورمز البلد، مثل +442071838750."],
    "timezone": ["يجب أن تكون القيمة منطقة زمنية من IANA مثل Europe/Berlin."],
    "surprise": ["حقل غير معروف."],
}


@pytest.mark.parametrize(
    ("language", "title", "fields"),
    [
        ("es", "La petición contiene valores no permitidos", SPANISH),
        ("ar", "يحتوي الطلب على قيم غير مسموح بها", ARABIC),
    ],
)
def test_fields(client: CheckedClient, language: str, title: str, fields: dict[str, list[str]]) -> None:
    body = {key: value for key, value in BODY.items() if key != "first_name"}
    problem = refused(client, language, json=body | {"first_name": ""})
    assert (problem["code"], problem["title"], problem["detail"]) == ("validation_failed", title, title)
    told = problem["errors"]["json"]
    assert told | fields == told
    assert told["first_name"] == [fields["username"][0].replace("3", "1")]


@pytest.mark.parametrize(
    ("body", "spanish", "arabic"),
    [
        (
            b'{"a": 1,}',
            "Se esperaba un nombre de propiedad entre comillas dobles en la línea 1, columna 9.",
            "كان متوقعًا اسم خاصية بين علامتي اقتباس مزدوجتين في السطر 1، العمود 9.",
        ),
        (
            b'{"a": 1, "a": 2}',
            'La clave "a" aparece dos veces en un mismo objeto.',
            'المفتاح "a" مكرر في كائن واحد.',
        ),
        (b"", "El cuerpo está vacío: envíe un objeto JSON.", "المحتوى فارغ: أرسل كائن JSON."),
    ],
)
def test_json_that_cannot_be_read(client: CheckedClient, body: bytes, spanish: str, arabic: str) -> None:
    for language, detail in (("es", spanish), ("ar", arabic)):
        problem = refused(client, language, data=body, content_type="application/json")
        assert problem["code"] == "invalid_json"
        # Python 3.13 calls the trailing comma by its name.
        trailing = body.endswith(b",}") and (
            "coma de más" in problem["detail"] or "زائدة" in problem["detail"]
        )
        assert problem["detail"] == detail or trailing


def test_a_body_that_is_too_large_is_told_with_the_separators_of_the_language(client: CheckedClient) -> None:
    body = json.dumps({"username": "x" * 2_000_000})
    spanish = refused(client, "es", data=body, content_type="application/json")
    assert spanish["detail"] == f"Un cuerpo JSON puede tener como máximo {spanish['limit']:,} bytes.".replace(
        ",", "."
    )
    assert (
        f"{spanish['limit']:,}" in refused(client, "en", data=body, content_type="application/json")["detail"]
    )


def test_what_http_itself_refuses(client: CheckedClient) -> None:
    absent = client.get("/api/v1/absent", headers={"Accept-Language": "es"})
    assert (absent.status_code, absent.get_json()["title"]) == (404, "El recurso no existe")
    assert absent.get_json()["detail"].startswith("Compruebe la dirección y los identificadores")
    method = client.post("/api/v1/categories", headers={"Accept-Language": "ar"})
    assert (method.status_code, method.get_json()["code"]) == (405, "method_not_allowed")
    assert method.get_json()["detail"] == "استخدم إحدى الطرق الواردة في الترويسة Allow في الرد."


def test_nested_places_and_values_stay_as_they_are(client: CheckedClient) -> None:
    problem = refused(
        client, "es", "/api/v1/user/otp/send", json={"phone": "+442071838750", "purpose": "Unknown field."}
    )
    assert problem["errors"]["json"]["purpose"] == [
        "Debe ser uno de estos valores: sign_in, verify_phone, reset_password."
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("de, ar-EG;q=0.4", "ar"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("es;q=0", "en"),
        ("*", "en"),
        ("x" * 2_000, "en"),
    ],
)
def test_the_choice(client: CheckedClient, asked: str, told: str) -> None:
    answer = client.get("/api/v1/absent", headers={"Accept-Language": asked})
    assert answer.headers["Content-Language"] == told
