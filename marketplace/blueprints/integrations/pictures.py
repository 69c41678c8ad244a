"""Pictures that strangers send: checked before they are decoded, and encoded anew."""

import io
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
CONTENT_TYPE = "image/webp"
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
