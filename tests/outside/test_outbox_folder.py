"""Messages as files, and which senders the settings choose."""

import json
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketplace.outside import senders
from marketplace.outside.circuit_breaker import GuardedMailer
from marketplace.outside.senders import OutboxFolder, OutboxMailer, OutboxSms
from marketplace.outside.wiring import build_outside
from marketplace.web.runtime import Runtime


def messages(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def test_a_mail_is_a_file(tmp_path: Path) -> None:
    OutboxMailer(OutboxFolder(tmp_path / "outbox")).send(
        to="ann@example.org", topic="welcome", subject="Grüße", text="مرحبا", data={"token": "abc"}
    )
    (found,) = messages(tmp_path / "outbox")
    created = datetime.fromisoformat(found.pop("created_at"))
    assert created.tzinfo is not None
    assert found == {
        "to": "ann@example.org",
        "channel": "email",
        "topic": "welcome",
        "subject": "Grüße",
        "text": "مرحبا",
        "data": {"token": "abc"},
    }


def test_a_text_message_is_a_file(tmp_path: Path) -> None:
    OutboxSms(OutboxFolder(tmp_path)).send(
        to="+4915112345678", topic="otp", text="Your code: 123456", data={"code": "123456"}
    )
    (found,) = messages(tmp_path)
    assert (found["channel"], found["to"], found["subject"]) == ("sms", "+4915112345678", "")
    assert found["data"] == {"code": "123456"}


def test_names_sort_by_time_and_are_unique(tmp_path: Path) -> None:
    folder = OutboxFolder(tmp_path)
    mailer = OutboxMailer(folder)
    for number in range(20):
        mailer.send(to="a@b.example", topic="t", subject=str(number), text="", data={})
    assert [int(message["subject"]) for message in messages(tmp_path)] == list(range(20))
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: folder.write("sms", to=str(n), topic="", subject="", text="", data={}), range(100)
            )
        )
    assert len(messages(tmp_path)) == 120
    assert [path for path in tmp_path.iterdir() if path.suffix != ".json"] == []


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_number: int) -> None:
        # What is there while it is written is not yet a message.
        assert list(tmp_path.glob("*.json")) == []
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        OutboxFolder(tmp_path).write("email", to="", topic="", subject="", text="", data={})
    assert list(tmp_path.iterdir()) == []


def test_the_log_holds_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    OutboxMailer(OutboxFolder(tmp_path)).send(
        to="ann@example.org", topic="t", subject="s", text="s3cr3t", data={"token": "s3cr3t"}
    )
    (record,) = caplog.records
    assert record.getMessage() == "message in the outbox"
    assert "s3cr3t" not in str(vars(record))


def test_the_settings_choose(runtime: Runtime) -> None:
    assert isinstance(runtime.outside.mailer, OutboxMailer)
    assert isinstance(runtime.outside.sms, OutboxSms)
    settings = replace(runtime.settings, smtp_url="smtp://mail.example:587")
    by_smtp = build_outside(settings, runtime.clock, runtime.uow.release_connection, (), ())
    assert isinstance(by_smtp.mailer, GuardedMailer)
    assert isinstance(by_smtp.sms, OutboxSms)


def test_messages_are_for_the_program_alone(tmp_path: Path) -> None:
    folder = tmp_path / "instance" / "outbox"
    OutboxFolder(folder).write("email", to="a@b.example", topic="", subject="", text="", data={"token": "t"})
    (path,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)
    folder.chmod(0o755)
    OutboxFolder(folder).prune(datetime.now(UTC))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_messages_are_not_kept_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = OutboxFolder(tmp_path)
    monkeypatch.setattr(senders, "MAX_MESSAGES", 3)
    paths = [
        folder.write("sms", to=str(number), topic="", subject="", text="", data={}) for number in range(6)
    ]
    old, now = datetime.now(UTC) - timedelta(days=8), datetime.now(UTC)
    os.utime(paths[5], (old.timestamp(), old.timestamp()))
    draft = tmp_path / ".x.draft"
    draft.write_bytes(b"half")
    assert folder.prune(now) == 4, "three too many, and one too old"
    assert sorted(tmp_path.glob("*.json")) == paths[3:5]
    assert draft.exists(), "somebody may be writing it"
    os.utime(draft, (old.timestamp(), old.timestamp()))
    assert folder.prune(now) == 1
    assert OutboxFolder(tmp_path / "none").prune(now) == 0


def test_the_outbox_is_pruned_by_a_job(runtime: Runtime, run_jobs: Callable[[], int]) -> None:
    folder = runtime.settings.instance_path / "outbox"
    path = OutboxFolder(folder).write("sms", to="1", topic="", subject="", text="", data={})
    os.utime(path, (0, 0))
    with runtime.uow:
        runtime.uow.enqueue("integrations.prune_outbox", {})
    run_jobs()
    assert not path.exists()
