"""Pictures that strangers send: checked before they are decoded, and encoded anew."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import BinaryIO

from PIL import Image, ImageOps

from marketplace.blueprints.integrations.errors import NotAPicture, PictureTooLarge
from marketplace.kernel.errors import Unavailable

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 25_000_000
"""Width times height: Pillow itself decodes 13,000 x 13,000 from a file of 20 kB (822 MB of memory)."""
MAX_SCANS = 64
"""Of a JPEG; encoders write about ten. Each goes over all pixels again, and 42 bytes are enough for one: 100
of them at 25 million pixels, a file of 100 kB, took 4 seconds."""
CONTENT_TYPE = "image/webp"
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
"""Of a JPEG (ITU-T T.81, annex B), without those for restarts, which belong to the data of a scan."""
_BARE_MARKERS = {b"\x01", b"\xd8"}
_SCAN, _END = b"\xda", b"\xd9"
AT_ONCE = 2
WAIT_SECONDS = 5
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


class Pictures:
    """Turns what was sent into a WebP of our own making: no metadata, nothing hidden, nothing to execute."""

    def __init__(self) -> None:
        # A decoded picture may take 100 MB: a few at a time.
        self._turns = BoundedSemaphore(AT_ONCE)

    def encode(self, source: BinaryIO, side: int) -> bytes:
        """A WebP that fits into a square of `side` pixels, upright.

        Raises NotAPicture, PictureTooLarge; Unavailable when too many are under way.
        """
        with self._turn():
            try:
                return self._encoded(source, side)
            except (Image.DecompressionBombError, Image.DecompressionBombWarning):
                raise PictureTooLarge from None
            except _BROKEN:
                raise NotAPicture from None

    @staticmethod
    def _encoded(source: BinaryIO, side: int) -> bytes:
        source.seek(0)
        if _count_scans(source.read()) > MAX_SCANS:
            raise PictureTooLarge(f"A JPEG may have at most {MAX_SCANS} scans: save it anew")
        source.seek(0)
        with Image.open(source, formats=FORMATS) as opened:
            # Known from the header; nothing is decoded yet.
            if opened.width * opened.height > MAX_PIXELS:
                raise PictureTooLarge
            opened.draft("RGB", (side, side))
            opened.thumbnail((side, side))
            upright = ImageOps.exif_transpose(opened)
            mode = "RGBA" if upright.has_transparency_data else "RGB"
            target = io.BytesIO()
            # A new picture: what hangs on the old one (EXIF with a place, profiles, texts) stays behind.
            clean = Image.new(mode, upright.size)
            clean.paste(upright.convert(mode))
            clean.save(target, "WEBP", quality=82)
        return target.getvalue()

    @staticmethod
    def size_of(content: bytes) -> tuple[int, int]:
        """Width and height in pixels of a picture that `encode` made."""
        with Image.open(io.BytesIO(content), formats=("WEBP",)) as opened:
            return opened.size

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=WAIT_SECONDS):
            raise Unavailable("Too many pictures are being worked on; try again in a moment")
        try:
            yield
        finally:
            self._turns.release()


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
            # A segment: its length counts itself.
            position += max(2, int.from_bytes(content[position : position + 2], "big"))
    return count
