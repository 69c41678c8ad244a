"""Colours of pictures: scaling without artefacts, and conversion to sRGB."""

import io
from collections.abc import Callable

from PIL import Image, ImageCms

MAX_PROFILE = 4_000_000
"""Bytes. Profiles of printing presses have up to 3 MB; a larger profile is ignored."""
STRIP_PIXELS = 500_000
"""The part of a picture that is converted at a time: 2 MB, beside a picture of 100 MB."""
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""The names of colour spaces in profiles (ICC.1:2022, 7.2.8), and Pillow's modes for them."""
_PREMULTIPLIED = {"RGBA": "RGBa", "LA": "La"}
_STRAIGHT = {"RGBa": "RGBA", "La": "LA"}


def scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """`picture` at another size, as RGB, RGBA, L, LA or CMYK.

    Pillow scales palettes and pictures of two colours by dropping pixels, and clips 16 bits of grey at 255;
    so these are converted first, a strip at a time, and no second picture of full size is ever held.
    """
    width, height = picture.size
    plain = _converter(picture)
    rows = max(1, STRIP_PIXELS // width)
    narrow: Image.Image | None = None
    for top in range(0, height, rows):
        strip = plain(picture.crop((0, top, width, min(top + rows, height))))
        if size[0] != width:
            # Scaling in this direction does not mix rows, so strips leave no seams.
            strip = strip.resize((size[0], strip.height), Image.Resampling.BICUBIC)
        narrow = narrow or Image.new(strip.mode, (size[0], height))
        narrow.paste(strip, (0, top))
    assert narrow is not None
    if size[1] != height:
        narrow = narrow.resize(size, Image.Resampling.BICUBIC)
    straight = _STRAIGHT.get(narrow.mode)
    return narrow if straight is None else narrow.convert(straight)


def _converter(picture: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """The conversion of a strip of `picture` to a mode whose pixels can be averaged."""
    mode = picture.mode
    if mode == "I;16":
        return _from_16_bits(picture.info.get("transparency"))
    grey = mode in {"1", "L", "LA"}
    if picture.has_transparency_data:
        straight = "LA" if grey else "RGBA"
        # The colours of transparent pixels must not show at the edges.
        return lambda strip: strip.convert(straight).convert(_PREMULTIPLIED[straight])
    wanted = "L" if grey else "CMYK" if mode == "CMYK" else "RGB"
    return lambda strip: strip if strip.mode == wanted else strip.convert(wanted)


def _from_16_bits(transparent: int | None) -> Callable[[Image.Image], Image.Image]:
    """Grey of 16 bits, one value of which may be transparent."""

    def high_bytes(strip: Image.Image) -> Image.Image:
        return Image.frombytes("L", strip.size, strip.tobytes()[1::2])

    if transparent is None:
        return high_bytes
    seen = [0 if value == transparent else 255 for value in range(2**16)]

    def with_alpha(strip: Image.Image) -> Image.Image:
        return Image.merge("LA", (high_bytes(strip), strip.convert("I").point(seen, "L"))).convert("La")

    return with_alpha


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA, in sRGB (IEC 61966-2-1). `picture` comes from `scaled`, `profile` from its file.

    A profile that is broken or of another colour space than the picture is ignored, as in browsers: without
    one RGB and grey are sRGB, and CMYK are inks that absorb all of their light.
    """
    alpha = picture.getchannel("A") if picture.mode in _PREMULTIPLIED else None
    colours = {"RGBA": "RGB", "LA": "L"}.get(picture.mode, picture.mode)
    flat = picture if alpha is None else picture.convert(colours)
    plain = _converted(flat, profile) if profile is not None else None
    plain = plain or flat.convert("RGB")
    if alpha is not None:
        plain.putalpha(alpha)
    return plain


def _converted(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None when `profile` cannot be used for it."""
    if len(profile) > MAX_PROFILE:
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _SPACES.get(source.profile.xcolor_space.strip()) != picture.mode:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            picture.mode,
            "RGB",
            # Colours inside sRGB stay exactly the same; the others become the nearest one.
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        found = ImageCms.applyTransform(picture, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return found
