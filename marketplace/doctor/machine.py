"""What the doctor sees of the machine: Python, room, memory, encoding, time zones, settings."""

import difflib
import importlib.metadata
import locale
import resource
import shutil
import sys
import tempfile
import zoneinfo
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

from marketplace.config import ConfigError, Settings, load_settings
from marketplace.doctor.findings import Finding, fail, ok, skip, warn

MIN_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
"""The newest one that the tests are run with."""
MIN_FREE_BYTES, GOOD_FREE_BYTES = 200 * 2**20, 2 * 2**30
MIN_MEMORY_BYTES, GOOD_MEMORY_BYTES = 150 * 2**20, 500 * 2**20
MAX_TZDATA_YEARS = 1
OTHER_NAMES = {"threads": "WEB_THREADS", "otel_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT"}
"""The variables of settings that have another name."""
NO_VARIABLE = {
    "slow_request_seconds",
    "db_pool_timeout",
    "db_connect_timeout",
    "db_statement_timeout_ms",
    "db_lock_timeout_ms",
    "argon2_time_cost",
    "argon2_memory_cost",
    "access_token_seconds",
    "refresh_token_seconds",
    "max_upload_bytes",
    "testing",
}
VARIABLES = {
    OTHER_NAMES.get(one.name, one.name.upper()) for one in fields(Settings) if one.name not in NO_VARIABLE
}
ALIKE = 0.84
"""How alike a name and that of a variable are when one is taken for a misspelling of the other."""


def look_at_python() -> Finding:
    """The version that runs."""
    version = sys.version_info
    said = f"{version.major}.{version.minor}.{version.micro} at {sys.prefix}"
    if version < MIN_PYTHON:
        return fail(said, "install Python 3.11 or later, then `make clean run`")
    if version[:2] > NEWEST_PYTHON:
        return warn(said, "nobody has tried it with this version; 3.11 to 3.14 are tested")
    return ok(said)


def look_at_settings(environ: Mapping[str, str]) -> Finding:
    """Whether the settings can be used, what production would refuse, and what looks misspelt."""
    try:
        settings = load_settings(environ)
    except ConfigError as error:
        return fail(str(error), "set it as docs/operators.md says")
    misspelt = [
        f"{name} (meant: {close[0]})"
        for name in sorted(environ.keys() - VARIABLES)
        if name.isupper() and (close := difflib.get_close_matches(name, VARIABLES, 1, ALIKE))
    ]
    if misspelt:
        return warn(f"nothing reads {', '.join(misspelt)}", "correct the name, or unset it")
    if settings.is_production:
        return ok("production")
    try:
        load_settings({**environ, "APP_ENV": "production"})
    except ConfigError as error:
        refused = str(error).partition(": ")[2]
        return ok(f"{settings.app_env}; production would refuse: {refused}")
    return ok(f"{settings.app_env}; production would take them too")


def look_at_room(folder: Path) -> Finding:
    """Room where the program writes, and where uploads wait."""
    found = []
    for place in dict.fromkeys((folder, Path(tempfile.gettempdir()))):
        there = next(one for one in (place, *place.parents) if one.exists())
        found.append((shutil.disk_usage(there).free, place))
    said = ", ".join(f"{_size(free)} free in {place}" for free, place in found)
    least, place = min(found)
    if least < MIN_FREE_BYTES:
        return fail(said, f"make room in {place}: writes fail soon")
    if least < GOOD_FREE_BYTES:
        return warn(said, f"make room in {place}")
    return ok(said)


def look_at_memory(
    meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")
) -> Finding:
    """Memory that is available, to this machine or container."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return skip("this system does not tell")
    values = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    available = values.get("MemAvailable", values.get("MemFree", 0))
    said = f"{_size(available)} available of {_size(values.get('MemTotal', 0))}"
    try:
        allowed = int(limit.read_text())
    except (OSError, ValueError):
        allowed = available
    else:
        said += f", {_size(allowed)} allowed"
    least = min(available, allowed)
    if least < MIN_MEMORY_BYTES:
        return fail(said, "a server takes about 200 MB: end other programs, or get more memory")
    if least < GOOD_MEMORY_BYTES:
        return warn(said, "a server and its worker take about 400 MB")
    return ok(said)


def look_at_encoding() -> Finding:
    """Whether text is UTF-8 in file names, in files and in the terminal."""
    found = {
        "file names": sys.getfilesystemencoding(),
        "files": locale.getencoding(),
        "output": getattr(sys.stdout, "encoding", None) or "utf-8",
    }
    odd = {name: used for name, used in found.items() if used.lower().replace("-", "") != "utf8"}
    if odd:
        said = ", ".join(f"{used} for {name}" for name, used in odd.items())
        return warn(said, "set LANG=C.UTF-8")
    return ok("UTF-8")


def look_at_zones() -> Finding:
    """Whether Python knows the time zones, and how old its rules are."""
    count = len(zoneinfo.available_timezones())
    if not count:
        return fail("Python knows no time zones", "install the package tzdata")
    try:
        version = importlib.metadata.version("tzdata")
    except importlib.metadata.PackageNotFoundError:
        return warn(f"{count} zones, of the system", "install the package tzdata, whose rules are pinned")
    said = f"{count} zones, rules of {version}"
    if datetime.now(UTC).year - int(version.partition(".")[0]) > MAX_TZDATA_YEARS:
        return warn(said, "update the package tzdata: countries change their rules each year")
    return ok(said)


def look_at_files(settings: Settings) -> Finding:
    """Whether the process may open a file for each of its connections."""
    wanted = settings.threads * 2 + 1000 + 256
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return warn(f"{hard} open files allowed, {wanted} wanted", "raise LimitNOFILE or `ulimit -Hn`")
    return ok(f"{wanted} open files wanted, allowed")


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
