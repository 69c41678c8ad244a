"""scripts/environment.py: the environment of `make`, made once, by one, and said in a few lines."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT
from scripts import environment
from tests.support.wheels import make_wheel


class Checkout:
    """A folder with the script, lock files of one small package, and an index on disk that has nothing else."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        self.wheels = wheels
        wheels.mkdir(exist_ok=True)
        (folder / "scripts").mkdir(parents=True)
        shutil.copy(PROJECT_ROOT / "scripts" / "environment.py", folder / "scripts")
        shutil.copy(PROJECT_ROOT / "requirements-uv.txt", folder)
        for name in ("requirements-embedded.txt", "requirements-s3.txt", "requirements-dev.txt"):
            (folder / name).write_text("")
        self.python = sys.executable
        self.lock("1.0")

    def lock(self, version: str) -> None:
        digest = make_wheel(self.wheels, "favour", version, ["coverage[toml]>=7"])
        (self.folder / "requirements.txt").write_text(f"favour=={version} --hash=sha256:{digest}\n")

    def start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.python, "scripts/environment.py", ".venv", "run"],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(self.wheels),
                "UV_CACHE_DIR": str(self.wheels / "cache"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int | None, str, str]:
        process = self.start()
        output, errors = process.communicate(timeout=300)
        return process.returncode, output, errors

    def installed(self) -> set[str]:
        return {path.name for path in self.venv.glob("lib/*/site-packages/favour-*")}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    folder = tmp_path_factory.mktemp("environment")
    return Checkout(folder / "checkout", folder / "wheels")


def test_two_at_once_from_nothing(checkout: Checkout) -> None:
    both = [checkout.start(), checkout.start()]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert [errors for _, errors in said] == ["", ""]
    first, second = sorted((output for output, _ in said), key=lambda text: "[1/5]" not in text)
    assert first.startswith("[1/5] Virtual environment (5 s) ..")
    assert "\n[2/5] Packages (" in first
    # There is no uv in this index.
    assert "uv cannot do it" in first
    assert second in {"", "Another `make` prepares the environment; waiting for it ...\n"}
    assert checkout.installed() == {"favour-1.0.dist-info"}


def test_what_is_there_is_not_spoken_of(checkout: Checkout) -> None:
    assert checkout.run() == (0, "", "")


def test_uv_installs_when_it_is_there(checkout: Checkout) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv is not None, "requirements-dev.txt brings it"
    (checkout.venv / "bin" / "uv").symlink_to(uv)
    checkout.lock("2.0")
    code, output, errors = checkout.run()
    assert (code, errors) == (0, "")
    assert output.startswith("[2/5] Packages (")
    assert "pip does" not in output
    assert checkout.installed() == {"favour-2.0.dist-info"}


def test_what_cannot_be_installed_is_said_and_tried_again(checkout: Checkout) -> None:
    (checkout.folder / "requirements.txt").write_text(f"favour==3.0 --hash=sha256:{'0' * 64}\n")
    for _ in range(2):
        code, _, errors = checkout.run()
        assert code == 1
        assert "favour" in errors
        assert "Traceback" not in errors
    checkout.lock("2.0")
    assert checkout.run()[0] == 0


def test_a_checkout_that_has_moved(checkout: Checkout) -> None:
    """The programs of an environment name the folder that it was made in."""
    moved = checkout.folder.with_name("moved")
    checkout.folder.rename(moved)
    checkout.folder, checkout.venv = moved, moved / ".venv"
    # As make does it: the Python of the environment itself is the first that runs.
    checkout.python = str(checkout.venv / "bin" / "python")
    code, output, errors = checkout.run()
    assert (code, errors) == (0, "")
    assert output.startswith("[1/5] Virtual environment")
    assert (checkout.venv / "bin" / "pip").read_text().startswith(f"#!{moved}/.venv/bin/python")


def test_an_environment_of_another_python_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    environment.python_of(tmp_path).symlink_to(sys.executable)
    (tmp_path / "made.stamp").write_text(environment.identity())
    (tmp_path / "run.stamp").write_text(environment.wanted("run"))
    assert environment.is_ready(tmp_path, "run")
    assert environment.is_made(tmp_path)
    (tmp_path / "made.stamp").write_text(f"{PROJECT_ROOT}\n3.9\n")
    assert not environment.is_ready(tmp_path, "run")
    assert not environment.is_made(tmp_path)


def test_what_development_needs_includes_what_the_program_needs(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    environment.python_of(tmp_path).symlink_to(sys.executable)
    (tmp_path / "made.stamp").write_text(environment.identity())
    (tmp_path / "dev.stamp").write_text("older")
    assert not environment.is_ready(tmp_path, "run")
    (tmp_path / "dev.stamp").write_text(environment.wanted("dev"))
    assert environment.is_ready(tmp_path, "run")
    assert not environment.is_ready(tmp_path, "s3")


def test_the_settings_of_pip_are_read_as_pip_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://one.example/simple\nextra-index-url =\n    https://a.example/simple\n"
        "    https://b.example/simple\ntimeout = 7\n[install]\nindex-url = https://two.example/simple\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_TIMEOUT", "9")
    found = environment.uv_environment({}, environment.pip_settings(Path(sys.executable)))
    assert found["UV_DEFAULT_INDEX"] == "https://two.example/simple"
    assert "https://a.example/simple https://b.example/simple" in found["UV_INDEX"]
    assert found["UV_HTTP_TIMEOUT"] == "9"


@pytest.mark.parametrize(
    ("environ", "settings", "told"),
    [
        ({}, {"cert": "/etc/ca.pem"}, {"SSL_CERT_FILE": "/etc/ca.pem"}),
        ({"SSL_CERT_FILE": "/own.pem"}, {"cert": "/etc/ca.pem"}, {"SSL_CERT_FILE": "/own.pem"}),
        ({"REQUESTS_CA_BUNDLE": "/bundle.pem"}, {}, {"SSL_CERT_FILE": "/bundle.pem"}),
        ({}, {"proxy": "http://p:3128"}, {"HTTPS_PROXY": "http://p:3128", "HTTP_PROXY": "http://p:3128"}),
        ({}, {"trusted-host": "a.example\nb.example"}, {"UV_INSECURE_HOST": "a.example b.example"}),
        ({}, {"find-links": "/one /two"}, {"UV_FIND_LINKS": "/one,/two"}),
        (
            {"UV_DEFAULT_INDEX": "https://own"},
            {"index-url": "https://x"},
            {"UV_DEFAULT_INDEX": "https://own"},
        ),
    ],
)
def test_uv_is_told_what_pip_was_told(
    environ: dict[str, str], settings: dict[str, str], told: dict[str, str]
) -> None:
    found = environment.uv_environment(environ, settings)
    assert {name: found.get(name) for name in told} == told
