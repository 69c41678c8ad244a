"""Whose turn it is: nobody keeps others out, and nobody waits without end."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from marketplace.kernel.errors import Unavailable
from marketplace.outside import bulkhead
from marketplace.outside.bulkhead import OWN_QUEUE, QUEUE, Bulkhead
from marketplace.outside.documents import CheckedDocuments
from marketplace.outside.errors import NotADocument, NotAPicture, PictureTooLarge, TooManyAtOnce
from marketplace.outside.pictures import MAX_SCANS, PillowPictures
from tests.outside.test_pictures import bomb, made, scans
from tests.support.certificates import PDF
from tests.support.waiting import eventually


class Line:
    """Threads that want a place."""

    def __init__(self, found: Bulkhead, pool: ThreadPoolExecutor) -> None:
        self.bulkhead = found
        self.pool = pool
        self.go_on = threading.Event()

    def enter(self, owner: int | None) -> Future[None]:
        return self.pool.submit(self._hold, owner)

    def _hold(self, owner: int | None) -> None:
        with self.bulkhead.take(owner):
            assert self.go_on.wait(30)

    def waiting(self) -> int:
        return self.bulkhead._waiting.total()


@pytest.fixture
def line() -> Iterator[Line]:
    with ThreadPoolExecutor(40) as pool:
        found = Line(Bulkhead(2), pool)
        yield found
        found.go_on.set()


def test_an_owner_has_one_turn_and_others_go_on(line: Line) -> None:
    first = line.enter(7)
    eventually(lambda: line.bulkhead._free == 1)
    rest = [line.enter(7) for _ in range(OWN_QUEUE)]
    eventually(lambda: line.waiting() == OWN_QUEUE)
    with line.bulkhead.take(8):
        assert line.bulkhead._busy == {7, 8}
    with pytest.raises(TooManyAtOnce) as refused, line.bulkhead.take(7):
        pass
    assert refused.value.retry_after > 0
    line.go_on.set()
    for one in (first, *rest):
        one.result(30)
    assert (line.bulkhead._free, line.bulkhead._busy, line.waiting()) == (2, set(), 0)


def test_the_line_has_an_end(line: Line) -> None:
    for owner in (1, 2):
        line.enter(owner)
    eventually(lambda: line.bulkhead._free == 0)
    for owner in range(3, 3 + QUEUE):
        line.enter(owner)
    eventually(lambda: line.waiting() == QUEUE)
    with pytest.raises(Unavailable), line.bulkhead.take(99):
        pass


@pytest.mark.parametrize(("owner", "error"), [(1, TooManyAtOnce), (3, Unavailable), (None, Unavailable)])
def test_nobody_waits_without_end(
    line: Line, owner: int | None, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulkhead, "WAIT_SECONDS", 0.01)
    for busy in (1, 2):
        line.enter(busy)
    eventually(lambda: line.bulkhead._free == 0)
    with pytest.raises(error), line.bulkhead.take(owner):
        pass
    assert line.waiting() == 0


def test_a_turn_ends_with_what_fails() -> None:
    pictures = PillowPictures()
    for _ in range(5):
        with pytest.raises(NotAPicture):
            pictures.encode(io.BytesIO(b"x"), 64, 7)
    assert pictures.encode(io.BytesIO(made()), 64, 7)


# --- what a picture will cost, before it is decoded ---------------------------------------------------


@pytest.fixture
def never_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: Any, **__: Any) -> Any:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_work_is_told_by_the_header(kind: str, never_decoded: None) -> None:
    assert PillowPictures().look(io.BytesIO(made(kind, size=(400, 300)))) == 120_000


def test_each_ten_scans_are_a_picture_more(never_decoded: None) -> None:
    assert PillowPictures().look(io.BytesIO(scans(0))) == 40 * 30
    assert PillowPictures().look(io.BytesIO(scans(50))) == 40 * 30 * 5
    with pytest.raises(PictureTooLarge):
        PillowPictures().look(io.BytesIO(scans(MAX_SCANS)))


def test_what_cannot_be_one_is_refused_by_its_header(never_decoded: None) -> None:
    for content, error in ((b"GIF89a" + bytes(40), NotAPicture), (bomb(13_000, 13_000), PictureTooLarge)):
        with pytest.raises(error):
            PillowPictures().look(io.BytesIO(content))


def test_documents_cost_what_their_pictures_do(never_decoded: None) -> None:
    documents = CheckedDocuments(PillowPictures())
    assert documents.look(io.BytesIO(PDF)) == 0
    assert documents.look(io.BytesIO(made(size=(400, 300)))) == 120_000
    for content in (b"%PDF-1.7\n", b"<html>"):
        with pytest.raises(NotADocument):
            documents.look(io.BytesIO(content))
