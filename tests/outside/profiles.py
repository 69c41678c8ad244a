"""Colour profiles made by hand (ICC.1:2022), and the colours that they mean, computed without them."""

import struct
from itertools import product

Matrix = tuple[tuple[float, float, float], ...]

P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
D65 = (0.3127, 0.3290)
D50 = (0.9642, 1.0, 0.8249)
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


def apply(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, float, float]:
    a, b, c = (sum(x * y for x, y in zip(row, vector, strict=True)) for row in matrix)
    return a, b, c


def multiply(left: Matrix, right: Matrix) -> Matrix:
    columns = [apply(left, column) for column in zip(*right, strict=True)]
    return tuple(zip(*columns, strict=True))  # type: ignore[return-value]  # three columns


def inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple((x / det, y / det, z / det) for x, y, z in rows)


def to_d50(primaries: tuple[tuple[float, float], ...]) -> Matrix:
    """Linear colours to XYZ under D50, from D65, by Bradford (ICC.1:2022, annex E)."""
    xyz = tuple(zip(*((x / y, 1.0, (1 - x - y) / y) for x, y in primaries), strict=True))
    white = (D65[0] / D65[1], 1.0, (1 - sum(D65)) / D65[1])
    scale = apply(inverse(xyz), white)  # type: ignore[arg-type]  # three rows of three
    rgb = tuple(tuple(v * s for v, s in zip(row, scale, strict=True)) for row in xyz)
    source, target = apply(BRADFORD, white), apply(BRADFORD, D50)
    gain = tuple(tuple(target[i] / source[i] if i == j else 0.0 for j in range(3)) for i in range(3))
    adapt = multiply(inverse(BRADFORD), multiply(gain, BRADFORD))  # type: ignore[arg-type]  # three by three
    return multiply(adapt, rgb)  # type: ignore[arg-type]  # three by three


def in_srgb(xyz: tuple[float, ...]) -> tuple[int, ...]:
    """XYZ under D50 as sRGB has it, the nearest where it has none."""
    linear = apply(inverse(to_d50(SRGB)), xyz)
    curve = [12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055 for v in map(_unit, linear)]
    return tuple(round(255 * v) for v in curve)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def meant(
    colour: tuple[int, int, int], primaries: tuple[tuple[float, float], ...], gamma: float
) -> tuple[int, ...]:
    """What sRGB calls a colour of another space."""
    return in_srgb(apply(to_d50(primaries), tuple((v / 255) ** gamma for v in colour)))


def of_lab(lightness: float, a: float, b: float) -> tuple[int, ...]:
    """What sRGB calls a colour of CIELAB."""
    y = (lightness + 16) / 116
    parts = (y + a / 500, y, y - b / 200)
    return in_srgb(
        tuple(
            w * (v**3 if v > 6 / 29 else 3 * (6 / 29) ** 2 * (v - 4 / 29))
            for v, w in zip(parts, D50, strict=True)
        )
    )


def profile(space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """A profile of version 2 with those tags."""
    whole = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 2) + b"x\0" + bytes(78),
        b"cprt": b"text\0\0\0\0x\0",
    }
    whole |= {b"wtpt": _xyz(D50), **tags}
    at = 128 + 4 + 12 * len(whole)
    table, body = struct.pack(">I", len(whole)), b""
    for name, data in whole.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s4sIIIQI3I",
        at + len(body),
        bytes(4),
        0x02400000,
        kind,
        space,
        connection,
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0),
        b"acsp",
        bytes(4),
        0,
        0,
        0,
        0,
        1,
        *(round(v * 65536) for v in D50),
    )
    return head.ljust(128, b"\0") + table + body


def rgb_profile(primaries: tuple[tuple[float, float], ...], gamma: float) -> bytes:
    columns = zip(*to_d50(primaries), strict=True)
    tags = {name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return profile(b"RGB ", b"XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma)))


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", b"XYZ ", {b"kTRC": _curve(gamma)})


def cmyk_profile(
    paper: tuple[float, float, float], inks: dict[tuple[int, ...], tuple[float, float, float]]
) -> bytes:
    """A press: each full ink or mixture of them is a colour of CIELAB; those that are not named are black."""
    table = b""
    for mixture in product((0, 1), repeat=4):
        lightness, a, b = paper if not any(mixture) else inks.get(mixture, (0.0, 0.0, 0.0))
        table += bytes([round(lightness * 2.55), round(a) + 128, round(b) + 128])
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    straight = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + straight * 4 + table + straight * 3
    return profile(b"CMYK", b"Lab ", {b"A2B0": lut, b"A2B1": lut}, b"prtr")


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
