"""Pictures that strangers send: what is taken is encoded anew, what is not is refused before it is decoded."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from marketplace.outside.errors import NotAPicture, PictureTooLarge
from marketplace.outside.pictures import MAX_PIXELS, MAX_SCANS, PillowPictures

SCRIPT = b"<script>alert(1)</script>"


def made(kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(target, kind, **options)
    return target.getvalue()


def encode(content: bytes, side: int = 512) -> Image.Image:
    result = PillowPictures().encode(io.BytesIO(content), side)
    found = Image.open(io.BytesIO(result))
    assert found.format == "WEBP"
    found.load()
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_taken(kind: str) -> None:
    assert encode(made(kind)).size == (40, 30)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_colour(mode: str) -> None:
    content = made("JPEG" if mode == "CMYK" else "PNG", mode=mode)
    assert encode(content).size == (40, 30)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((2000, 1000), (512, 256)), ((1, 5000), (1, 512)), ((600, 600), (512, 512)), ((3, 3), (3, 3))],
)
def test_it_fits_into_the_square(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert encode(made(size=size)).size == shown


def test_it_stands_upright_and_forgets_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010E] = "at home, 52.5, 13.4"
    found = encode(made("JPEG", size=(40, 30), exif=exif))
    assert found.size == (30, 40)
    assert dict(found.getexif()) == {}
    assert set(found.info) <= {"background", "loop", "timestamp", "duration"}


def test_nothing_that_was_hidden_survives() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", SCRIPT.decode())
    for content in (
        made("PNG", pnginfo=text),
        made("JPEG", comment=SCRIPT),
        made("PNG") + SCRIPT,
        made("JPEG") + b"PK\x03\x04",
    ):
        result = PillowPictures().encode(io.BytesIO(content), 512)
        assert SCRIPT not in result
        assert b"PK\x03\x04" not in result


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        SCRIPT,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><body>hello</body></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + b"\0" * 100,
        b"GIF89a" + b"\0" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"\xff\xd8\xff\xe0" + b"\0" * 100,
        b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 100,
        b"\xff\xd8\xff" + SCRIPT,
        made("GIF"),
        made("BMP"),
        made("TIFF"),
        made("ICO"),
    ],
)
def test_what_is_no_picture(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        PillowPictures().encode(io.BytesIO(content), 512)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_picture_that_was_cut(kind: str, share: float) -> None:
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    target = io.BytesIO()
    noise.save(target, kind)
    content = target.getvalue()
    with pytest.raises(NotAPicture):
        PillowPictures().encode(io.BytesIO(content[: int(len(content) * share)]), 512)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is large, and holds little."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(5001, 5000), (13_000, 13_000), (100_000, 100_000), (2**31 - 1, 1)])
def test_bombs_are_refused_by_what_they_say(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def decoded(*_: Any, **__: Any) -> Any:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    with pytest.raises(PictureTooLarge):
        PillowPictures().encode(io.BytesIO(bomb(*size)), 512)


def scans(times: int, *, filling: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan comes `times` times more, each one after `filling`."""
    target = io.BytesIO()
    Image.new("L", (40, 30), 128).save(target, "JPEG", progressive=True)
    whole = target.getvalue()
    body, last = whole[: whole.rindex(b"\xff\xda")], whole[whole.rindex(b"\xff\xda") : -2]
    return body + last + (filling + last) * times + b"\xff\xd9"


@pytest.mark.parametrize(
    "filling", [b"", b"\xff\xff", b"\0garbage", b"\xff\xd0", b"\xff\xfe\0\0", b"\xff\x01"]
)
def test_a_bomb_of_scans(filling: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes each, and each as much work as all pixels."""

    def decoded(*_: Any, **__: Any) -> Any:
        raise AssertionError("decoded")

    assert PillowPictures().encode(io.BytesIO(scans(40, filling=b"")), 512)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decoded)
    with pytest.raises(PictureTooLarge):
        PillowPictures().encode(io.BytesIO(scans(MAX_SCANS, filling=filling)), 512)


def test_only_scans_count_as_scans() -> None:
    """What phones hang on a photograph, a small picture or a film, may look like many."""
    whole, looks = scans(1), b"\xff\xda" * 1_000
    comment = b"\xff\xfe" + (len(looks) + 2).to_bytes(2, "big") + looks
    assert PillowPictures().encode(io.BytesIO(whole[:2] + comment + whole[2:] + looks), 512)


def test_the_largest_picture() -> None:
    side = int(MAX_PIXELS**0.5)
    assert encode(made("JPEG", size=(side, side)), 64).size == (64, 64)


def test_a_bomb_of_text() -> None:
    """A PNG whose comment unpacks to a hundred megabytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    whole = made("PNG")
    text = chunk(b"zTXt", b"comment\0\0" + zlib.compress(b"x" * 100_000_000, 9))
    with pytest.raises(NotAPicture):
        PillowPictures().encode(io.BytesIO(whole[:33] + text + whole[33:]), 512)
