"""Colours of pictures: what was meant is shown, in sRGB, and nothing is lost when a picture is made smaller."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from marketplace.outside.colours import MAX_PROFILE, scaled, to_srgb
from marketplace.outside.pictures import PillowPictures
from tests.outside.profiles import ADOBE, P3, SRGB, cmyk_profile, grey_profile, meant, of_lab, rgb_profile

PLAIN_RED = (200, 30, 40)


def saved(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def flat(
    mode: str, colour: Any, kind: str = "PNG", size: tuple[int, int] = (64, 64), **options: Any
) -> bytes:
    if kind == "JPEG":
        options |= {"quality": 100, "subsampling": 0}
    elif kind == "WEBP":
        options |= {"lossless": True}
    return saved(Image.new(mode, size, colour), kind, **options)


def shown(content: bytes, at: tuple[int, int] = (32, 32), side: int = 64) -> tuple[int, ...]:
    """The colour of a pixel of what is kept."""
    with Image.open(io.BytesIO(PillowPictures().encode(io.BytesIO(content), side))) as found:
        assert "icc_profile" not in found.info
        colour = found.getpixel(at)
    assert isinstance(colour, tuple)
    return tuple(int(v) for v in colour)


def assert_near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 4) -> None:
    assert len(found) == len(wanted)
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= by, (found, wanted)


def png(kind: int, depth: int, size: tuple[int, int], row: bytes, extra: bytes = b"") -> bytes:
    """A PNG of equal rows, in a form that Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress((b"\0" + row) * size[1]))
    return (
        b"\x89PNG\r\n\x1a\n" + head + (chunk(b"tRNS", extra) if extra else b"") + body + chunk(b"IEND", b"")
    )


# --- profiles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("primaries", "gamma"), [(P3, 2.2), (ADOBE, 2.2), (SRGB, 1.0)])
@pytest.mark.parametrize("colour", [PLAIN_RED, (30, 160, 90), (128, 128, 128), (255, 255, 255), (0, 255, 0)])
def test_a_profile_is_applied(kind: str, primaries: Any, gamma: float, colour: tuple[int, int, int]) -> None:
    wanted = meant(colour, primaries, gamma)
    if colour == PLAIN_RED:
        assert max(abs(a - b) for a, b in zip(wanted, colour, strict=True)) > 10, "it makes a difference"
    found = shown(flat("RGB", colour, kind, icc_profile=rgb_profile(primaries, gamma)))
    # A dark value that a JPEG misses by one is further off where a curve is steep.
    assert_near(found, wanted, by=16 if kind == "JPEG" else 6)


def test_a_profile_is_applied_to_grey_and_palettes() -> None:
    # Half of the light of white; sRGB writes it as 188.
    assert_near(shown(flat("L", 128, icc_profile=grey_profile(1.0))), (188, 188, 188))
    palette = Image.new("RGB", (64, 64), PLAIN_RED).quantize(4)
    assert_near(shown(saved(palette, icc_profile=rgb_profile(ADOBE, 2.2))), meant(PLAIN_RED, ADOBE, 2.2))


def test_what_is_transparent_stays_so_beside_a_profile() -> None:
    content = flat("RGBA", (*PLAIN_RED, 100), icc_profile=rgb_profile(ADOBE, 2.2))
    found = shown(content)
    assert_near(found[:3], meant(PLAIN_RED, ADOBE, 2.2), by=6)
    assert found[3] == 100


def test_inks_are_shown_as_the_press_prints_them() -> None:
    press = cmyk_profile(
        (95.0, 0.0, -2.0), {(1, 0, 0, 0): (55.0, -37.0, -50.0), (0, 1, 0, 0): (48.0, 74.0, -3.0)}
    )
    cyan = shown(flat("CMYK", (255, 0, 0, 0), "JPEG", icc_profile=press))
    # Black point compensation moves it a little.
    assert_near(cyan, of_lab(55, -37, -50), by=8)
    assert max(abs(a - b) for a, b in zip(cyan, (0, 255, 255), strict=True)) > 40


def test_inks_without_a_profile_take_away_their_light() -> None:
    assert_near(shown(flat("CMYK", (255, 0, 0, 0), "JPEG")), (0, 255, 255), by=8)
    assert_near(shown(flat("CMYK", (0, 0, 0, 255), "JPEG")), (0, 0, 0), by=8)


@pytest.mark.parametrize(
    "profile",
    [
        b"x",
        bytes(200),
        rgb_profile(P3, 2.2)[:200],
        rgb_profile(P3, 2.2).replace(b"acsp", b"xxxx"),
        rgb_profile(P3, 2.2).replace(b"rXYZ", b"zzzz"),
        rgb_profile(P3, 2.2)[:128] + b"\xff" * 300,
        grey_profile(1.0),
        cmyk_profile((95.0, 0.0, 0.0), {}),
        rgb_profile(P3, 2.2) + bytes(MAX_PROFILE),
    ],
    ids=["word", "zeros", "cut", "no mark", "no red", "wild table", "of grey", "of inks", "huge"],
)
def test_a_profile_that_is_of_no_use_counts_as_none(profile: bytes) -> None:
    assert_near(shown(flat("RGB", PLAIN_RED, "JPEG", icc_profile=profile)), PLAIN_RED)


def test_bytes_of_a_profile_bent_one_by_one_never_crash() -> None:
    good = rgb_profile(P3, 2.2)
    picture = Image.new("RGB", (2, 2), PLAIN_RED)
    for position in range(len(good)):
        bent = good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :]
        assert to_srgb(picture, bent).mode == "RGB"


# --- what Pillow cuts off -----------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 0x1234, 0x8000, 0xC000, 0xFFFF])
def test_grey_of_16_bits(level: int) -> None:
    content = png(0, 16, (64, 64), struct.pack(">H", level) * 64)
    assert_near(shown(content), (level >> 8,) * 3)


def test_grey_of_16_bits_with_a_transparent_value() -> None:
    row = struct.pack(">2H", 0x8000, 0x8001) * 32
    content = png(0, 16, (64, 64), row, struct.pack(">H", 0x8000))
    assert {shown(content, (x, 8))[3] for x in (0, 2, 62)} == {0}
    assert {shown(content, (x, 8))[3] for x in (1, 3, 63)} == {255}


@pytest.mark.parametrize(
    ("kind", "colour"), [(2, (0x1234, 0x8000, 0xFFFF)), (6, (0x1234, 0x8000, 0xFFFF, 0x4000))]
)
def test_colours_of_16_bits(kind: int, colour: tuple[int, ...]) -> None:
    content = png(kind, 16, (64, 64), struct.pack(f">{len(colour)}H", *colour) * 64)
    assert_near(shown(content), tuple(v >> 8 for v in colour))


# --- what Pillow leaves out ---------------------------------------------------------------------------


def striped(mode: str) -> Image.Image:
    """White, with a black line one pixel wide in each eight."""
    picture = Image.new("L", (640, 640), 255)
    for line in range(0, 640, 8):
        picture.paste(0, (0, line, 640, line + 1))
    return picture.quantize(2) if mode == "P" else picture.convert(mode)


@pytest.mark.parametrize("mode", ["1", "P", "L", "RGB", "I;16"])
@pytest.mark.parametrize("turned", [False, True])
def test_no_thin_line_is_lost(mode: str, turned: bool) -> None:
    if mode == "I;16":
        bright, dark = b"\xff\xff" * 640, b"\0\0" * 640
        rows = b"".join(dark if line % 8 == 0 else bright for line in range(640))
        picture = Image.frombytes("I;16", (640, 640), rows)
    else:
        picture = striped(mode)
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    found = shown(saved(picture), (20, 20), side=80)
    assert_near(found, (255 * 7 // 8,) * 3, by=12)


def test_the_edge_of_what_is_transparent_is_not_tinged() -> None:
    picture = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 30, 64))
    small = scaled(picture, (8, 8))
    colours = {small.getpixel((x, 4)) for x in range(8)}
    assert {colour[:3] for colour in colours if isinstance(colour, tuple) and colour[3] > 8} <= {
        (0, 0, 255),
        (0, 0, 254),
    }


@pytest.mark.parametrize(
    ("mode", "transparency"), [("P", 0), ("P", bytes([0, 255])), ("L", 0), ("1", 0), ("RGB", (0, 0, 0))]
)
def test_transparency_beside_the_pixels(mode: str, transparency: Any) -> None:
    picture = Image.new("P" if mode == "P" else mode, (64, 64), 0)
    if mode == "P":
        picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.paste(1 if mode in "1P" else 255 if mode == "L" else (255, 255, 255), (32, 0, 64, 64))
    content = saved(picture, transparency=transparency)
    assert [shown(content, (x, 32))[3] for x in (5, 60)] == [0, 255]


# --- and the rest stays as it was ---------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_stands_upright(orientation: int) -> None:
    """As viewers show it (Exif 2.32, 4.6.4): the first row and column are where they belong."""
    picture = Image.new("RGB", (64, 32), "white")
    picture.paste((255, 0, 0), (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(picture, "JPEG", exif=exif, quality=95)
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    across, down = corners[orientation]
    width, height = (64, 32) if orientation < 5 else (32, 64)
    red = (8 if across == 0 else width - 8, 8 if down == 0 else height - 8)
    with Image.open(io.BytesIO(PillowPictures().encode(io.BytesIO(content), 64))) as found:
        assert found.size == (width, height)
    assert_near(shown(content, red), (255, 0, 0), by=12)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_moving_pictures_the_first_is_kept(kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    content = saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert_near(shown(content)[:3], (255, 0, 0))
    with Image.open(io.BytesIO(PillowPictures().encode(io.BytesIO(content), 64))) as found:
        assert getattr(found, "n_frames", 1) == 1
