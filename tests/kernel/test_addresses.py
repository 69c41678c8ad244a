"""One form of an address, however it is typed."""

import pytest
from hypothesis import given, strategies as st

from marketplace.kernel.addresses import address_form, domain_form, email_form, phone_form, searched_form


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann@Example.ORG", "Ann@example.org"),
        ("ida@münchen-bau.de", "ida@xn--mnchen-bau-9db.de"),
        ("ida@MÜNCHEN-bau.DE", "ida@xn--mnchen-bau-9db.de"),
        ("ida@mu\u0308nchen-bau.de", "ida@xn--mnchen-bau-9db.de"),
        ("ida@XN--MNCHEN-BAU-9DB.de", "ida@xn--mnchen-bau-9db.de"),
        # IDNA 2003 made other people's domains of these.
        ("kai@straße-service.de", "kai@xn--strae-service-edb.de"),
        ("a@βόλος.com", "a@xn--nxasmm1c.com"),
        ("a@例え。jp", "a@xn--r8jz45g.jp"),
        # No A-label, whatever stands in the third and fourth place.
        ("a@r3---sn.example.com", "a@r3---sn.example.com"),
    ],
)
def test_one_form_of_a_mail_address(typed: str, kept: str) -> None:
    assert email_form(typed) == kept
    assert email_form(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "a@xn--zzzz99.de",
        "a@xn--strasse-.de",
        "a@xn--mnchen-bau-9DB-.de",
        "a@xn--n3h.net",
        "a@☃.net",
        "a@a\u200db.de",
        "a@ab_c.de",
        "a@ex..com",
        "a@.de",
        "a@-x.de",
        "a@١.com",
        "ü@example.org",
        "a@" + "ü" * 300 + ".de",
        "@example.org",
        "example.org",
        "a@localhost",
    ],
)
def test_what_is_no_mail_address(typed: str) -> None:
    assert email_form(typed) is None


@pytest.mark.parametrize(
    "typed",
    ["+442071834455", "+44 20 7183 4455", "0044 20 7183 4455", "+44 (0)20 7183-4455", "+44.20.7183.4455"],
)
def test_one_form_of_a_phone(typed: str) -> None:
    assert phone_form(typed) == "+442071834455"
    assert address_form(f" {typed} ") == "+442071834455"


@pytest.mark.parametrize(
    "typed", ["020 7183 4455", "442071834455", "00", "+44", "+٤٤2071834455", "0000000000"]
)
def test_what_is_no_phone(typed: str) -> None:
    assert phone_form(typed) is None


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("Ann", "ann"),
        ("ＡＮＮ", "ann"),
        ("Ida＠münchen-bau.de", "ida@xn--mnchen-bau-9db.de"),
        ("+４4 20 7183 4455", "+442071834455"),
    ],
)
def test_what_somebody_logs_in_by(typed: str, form: str) -> None:
    assert address_form(typed) == form


@pytest.mark.parametrize(
    ("word", "form"),
    [("@münchen-bau.de", "@xn--mnchen-bau-9db.de"), ("münchen", "münchen"), ("ida", "ida"), ("ä@ö", "ä@ö")],
)
def test_what_staff_looks_for(word: str, form: str) -> None:
    assert searched_form(word) == form


@given(st.text(max_size=300))
def test_any_text_has_an_answer_that_stays(text: str) -> None:
    assert address_form(address_form(text)) == address_form(text)
    for form in (email_form, phone_form, domain_form):
        found = form(text)
        assert found is None or form(found) == found
