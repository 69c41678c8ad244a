"""`text_fold`: one folding of text, for whatever script and however it was typed."""

import sys
import unicodedata
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Connection, func, select, text

from marketplace.database.folding import contains
from marketplace.models.accounts import User, searched_text
from marketplace.models.catalog import Service
from marketplace.models.performers import Performer

KNOWN = [
    chr(code)
    for code in range(1, sys.maxunicode + 1)
    if unicodedata.category(chr(code)) not in {"Cs", "Cn", "Co"}
]
"""Every character that this Python has tables for."""
IOTA_SUBSCRIPT = "\u0345"
"""Case folding makes a letter of it; nobody types it, so it goes with the accents."""


def fold(connection: Connection, values: Sequence[str]) -> list[str]:
    statement = text(
        "SELECT text_fold(v) FROM unnest(:values ::text[]) WITH ORDINALITY AS t (v, n) ORDER BY n"
    )
    return list(connection.execute(statement, {"values": list(values)}).scalars())


@pytest.mark.parametrize(
    "way",
    [
        str.lower,
        str.upper,
        str.casefold,
        *(
            pytest.param(lambda letter, form=form: unicodedata.normalize(form, letter), id=form)
            for form in ("NFC", "NFD", "NFKC", "NFKD")
        ),
    ],
)
def test_case_and_form_do_not_count(context: Connection, way: Callable[[str], str]) -> None:
    changed = [c for c in KNOWN if way(c) != c and IOTA_SUBSCRIPT not in unicodedata.normalize("NFD", c)]
    assert changed
    folded, otherwise = fold(context, changed), fold(context, list(map(way, changed)))
    assert [hex(ord(c)) for c, a, b in zip(changed, folded, otherwise, strict=True) if a != b] == []


def test_what_is_folded_stays(context: Connection) -> None:
    folded = [after for c, after in zip(KNOWN, fold(context, KNOWN), strict=True) if after != c]
    assert fold(context, folded) == folded


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Größe STRASSE Straße", "grosse strasse strasse"),
        ("Łódź Đà Nẵng Ærø œuvre Þór Ħal", "lodz da nang aero oeuvre thor hal"),
        ("İstanbul ISPARTA Iğdır ısı", "istanbul isparta igdir isi"),
        ("ΟΔΟΣ οδός Ὀδυσσεύς", "οδοσ οδοσ οδυσσευσ"),
        ("Ёлка ЙОД Їжак Ґанок замо́к", "елка йод їжак ґанок замок"),
        ("أَحْمَد إلى آمنة مدرســة مؤسسة", "احمد الي امنه مدرسه موسسه"),
        ("کتاب یک شهرۀ می\u200cخواهم", "كتاب يك شهره ميخواهم"),
        ("١٢٣ ۴۵۶", "123 456"),
        ("שָׁלוֹם צה״ל תל־אביב", 'שלום צה"ל תל-אביב'),
        ("Ｆｕｌｌ ｶﾞｽ ﬁne ½ №", "full ガス fine 1⁄2 no"),
        ("한국 \u1112\u1161\u11ab", "한국 한"),
        ("がぎ か\u3099", "がぎ が"),
        ("हिन्दी ไทย தமிழ்", "हिन्दी ไทย தமிழ்"),
        ("O’Brien O'BRIEN Jean‑Luc", "o'brien o'brien jean-luc"),
        ("soft\u00adhyphen e\u200bx", "softhyphen ex"),
        ("Բարեւ ԲԱՐԵՎ և", "բարեւ բարեվ եւ"),
    ],
)
def test_letters_that_people_take_for_the_same(context: Connection, written: str, folded: str) -> None:
    assert fold(context, [written]) == [folded]


def test_what_like_takes_for_wildcards_is_itself(context: Connection) -> None:
    for q in ("100%", "a_b", "back\\slash"):
        row = context.execute(select(func.text_fold(f"x {q} y").like(func.text_pattern(q)))).scalar_one()
        assert row
        assert not context.execute(
            select(func.text_fold("x 100x aab yz").like(func.text_pattern(q)))
        ).scalar_one()


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (select(User.id).where(contains(searched_text(), "ann")), "ix_user_folded"),
        (select(Performer.id).where(contains(Performer.headline, "ann")), "ix_performer_folded_headline"),
        (select(Service.id).where(contains(Service.title, "ann")), "ix_service_folded_title"),
    ],
)
def test_an_index_serves_staff(context: Connection, statement, index: str) -> None:
    context.execute(text("SET LOCAL enable_seqscan = off"))
    compiled = str(statement.compile(context, compile_kwargs={"literal_binds": True}))
    plan = "\n".join(context.exec_driver_sql("EXPLAIN " + compiled.replace("%", "%%")).scalars())
    context.execute(text("RESET enable_seqscan"))
    assert index in plan
