"""What `make run` says at its start, in development and in production."""

from dataclasses import replace
from pathlib import Path

import pytest

from marketplace.config import Settings
from marketplace.launch import banner

SETTINGS = Settings(secret_key="x" * 40, instance_path=Path("/srv/instance"), host="0.0.0.0", port=8123)


def test_a_developer_is_told_of_the_demo_mails_and_origins() -> None:
    told = banner(SETTINGS)
    for part in ("make demo", "make tour", "http://127.0.0.1:8123/dev/mails", "http://localhost"):
        assert part in told
    assert max(len(line) for line in told.splitlines() if not line.startswith("  curl")) <= 110


@pytest.mark.parametrize("app_env", ["production"])
def test_an_operator_is_told_of_none_of_it(app_env: str) -> None:
    told = banner(replace(SETTINGS, app_env=app_env))
    for part in ("make demo", "/dev/mails", "localhost"):
        assert part not in told
