"""The units: systemd takes them, they are hardened alike, and they start what there is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from marketplace.commands import BUILT_IN
from marketplace.config import PROJECT_ROOT, load_settings
from tests.support.deployment import DEPLOY, UNITS, command, directives, variables

SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
ROLES = ("marketplace-web.service", "marketplace-realtime.service", "marketplace-worker@.service")
ALL = sorted(path.name for path in UNITS.iterdir() if path.suffix in {".service", ".target", ".timer"})
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "UMask": "0077",
}


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_hardened_and_not_root(unit: str) -> None:
    found = directives(unit)
    for name, value in HARDENED.items():
        assert found[f"Service.{name}"] == [value], name
    assert found["Service.SystemCallFilter"] == ["@system-service", "~@privileged"]
    assert found["Service.User"] == found["Service.Group"] == ["marketplace"]


@pytest.mark.parametrize("unit", ROLES)
def test_a_role_comes_back_always(unit: str) -> None:
    found = directives(unit)
    assert found["Service.Restart"] == ["always"]
    assert found["Unit.StartLimitIntervalSec"] == ["0"], "systemd gives up after a few starts otherwise"
    grace = load_settings({"SECRET_KEY": "x"}).graceful_timeout
    assert int(found["Service.TimeoutStopSec"][0]) > grace
    assert found["Service.KillMode"] == ["mixed"], "the master tells its own what to do"


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_may_write_where_the_program_writes(unit: str) -> None:
    instance = Path(variables(DEPLOY / "marketplace.env.sample")["INSTANCE_PATH"])
    assert instance == Path("/var/lib", directives(unit)["Service.StateDirectory"][0])


def test_the_own_environment_of_a_role_wins() -> None:
    """systemd lets a later file win, and any file over Environment=."""
    for unit in ROLES:
        files = directives(unit)["Service.EnvironmentFile"]
        assert files[0] == "/etc/marketplace/marketplace.env"
        assert len(files) == 2
        assert not any("PORT" in line for line in directives(unit)["Service.Environment"])
    own = variables(UNITS / "realtime.env")
    assert own["PORT"] != str(load_settings({"SECRET_KEY": "x"}).port)
    upstreams = (DEPLOY / "nginx" / "upstreams.conf").read_text()
    assert f"server 127.0.0.1:{own['PORT']} max_fails=0;" in upstreams.partition("marketplace_realtime")[2]


@pytest.mark.parametrize("unit", SERVICES)
def test_what_is_started_is_there(unit: str) -> None:
    """Commands by their names, scripts by their files."""
    for line in directives(unit)["Service.ExecStart"]:
        program, *arguments = line.removeprefix("/opt/marketplace/.venv/bin/").split()
        if program == "flask":
            assert arguments[0] in BUILT_IN
        elif program == "python":
            assert (PROJECT_ROOT / arguments[0]).is_file()
        else:
            assert program == "gunicorn"
    assert command(unit)


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here: parsed above"
)
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ALL:
        text = (UNITS / name).read_text(encoding="utf-8")
        text = re.sub(r"/opt/marketplace/\.venv/bin/\w+", "/bin/true", text)
        # An account that is here: it is the lines that are looked at.
        text = re.sub(r"^(User|Group)=.*", r"\1=daemon", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in ALL)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "marketplace" in line]
    assert said == []
    if (
        "--offline"
        in subprocess.run(["systemd-analyze", "--help"], capture_output=True, text=True, check=False).stdout
    ):
        for name in SERVICES:
            # 0 is locked up, 10 is a door without a lock.
            judged = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNITS / name)],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert judged.returncode == 0, judged.stdout[-300:]
