"""Pictures from strangers: checked before they are decoded, then re-encoded."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image

from marketplace.kernel.texts import Text
from marketplace.outside.bulkhead import Bulkhead
from marketplace.outside.colours import scaled, to_srgb
from marketplace.outside.errors import NotAPicture, PictureTooLarge
from marketplace.outside.ports import Pictures

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 25_000_000
"""Width times height: Pillow itself decodes 13,000 x 13,000 from a file of 20 kB (822 MB of memory)."""
MAX_SCANS = 64
"""Scans of a JPEG; encoders write about ten. Each scan covers all pixels again and can take as few as 42
bytes: 100 of them at 25 million pixels, a file of 100 kB, took 4 seconds."""
CONTENT_TYPE = "image/webp"
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Markers of a JPEG (ITU-T T.81, annex B), without those for restarts, which belong to the data of a scan."""
_BARE_MARKERS = {b"\x01", b"\xd8"}
_SCAN, _END = b"\xda", b"\xd9"
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The rotation that makes a picture upright, by its orientation (Exif 2.32, 4.6.4)."""
AT_ONCE = 2
USUAL_SCANS = 10
"""The number of scans that encoders write in a progressive JPEG."""
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
)


class PillowPictures(Pictures):
    """Turns the received picture into a WebP of our own: no metadata, nothing hidden, nothing to execute."""

    def __init__(self) -> None:
        # A decoded picture may take 100 MB, so only a few are decoded at a time.
        self._bulkhead = Bulkhead(AT_ONCE)

    def look(self, source: BinaryIO) -> int:
        with _refusals():
            scans = _checked_scans(source)
            with _opened(source) as opened:
                return opened.width * opened.height * max(1, scans // USUAL_SCANS)

    def encode(self, source: BinaryIO, side: int, owner: int | None = None) -> bytes:
        with self._bulkhead.take(owner), _refusals():
            _checked_scans(source)
            return _written(*_scaled(source, side))

    def size_of(self, content: bytes) -> tuple[int, int]:
        with Image.open(io.BytesIO(content), formats=("WEBP",)) as opened:
            return opened.size


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate Pillow's errors into ours."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureTooLarge from None
    except _BROKEN:
        raise NotAPicture from None


@contextmanager
def _opened(source: BinaryIO) -> Iterator[Image.Image]:
    source.seek(0)
    with Image.open(source, formats=FORMATS) as opened:
        # Known from the header; nothing is decoded yet.
        if opened.width * opened.height > MAX_PIXELS:
            raise PictureTooLarge
        yield opened


def _checked_scans(source: BinaryIO) -> int:
    source.seek(0)
    scans = _count_scans(source.read())
    if scans > MAX_SCANS:
        raise PictureTooLarge(Text("A JPEG may have at most {limit} scans: save it anew", limit=MAX_SCANS))
    return scans


def _scaled(source: BinaryIO, side: int) -> tuple[Image.Image, bytes | None]:
    """The picture in its final size and orientation, and its colour profile. The large picture is freed."""
    with _opened(source) as opened:
        size = _fitted(opened.size, side)
        profile = opened.info.get("icc_profile")
        turn = _TURNS.get(opened.getexif().get(_ORIENTATION, 1))
        # A JPEG is decoded at a half, a quarter or an eighth of its size when that is enough.
        opened.draft("RGB", size)
        small = scaled(opened, size)
        return small if turn is None else small.transpose(turn), profile


def _written(picture: Image.Image, profile: bytes | None) -> bytes:
    plain = to_srgb(picture, profile)
    # A new picture, without the attachments of the old one (EXIF with a place, profiles, texts).
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    target = io.BytesIO()
    clean.save(target, "WEBP", quality=82)
    return target.getvalue()


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    """`size` reduced to fit into a square of `side`; a smaller one is unchanged."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _count_scans(content: bytes) -> int:
    """How many scans a JPEG has up to its end, by its markers as libjpeg reads them; 0 for other files."""
    count, position = 0, 2
    while content.startswith(b"\xff\xd8") and (found := _MARKER.search(content, position)):
        position = found.end()
        if found[1] == _END or count > MAX_SCANS:
            break
        if found[1] == _SCAN:
            count += 1
        if found[1] not in _BARE_MARKERS:
            # A segment: its length includes the length field.
            position += max(2, int.from_bytes(content[position : position + 2], "big"))
    return count
