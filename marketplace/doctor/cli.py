"""The command `flask doctor`."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import NoReturn

import click
from flask import Flask

from marketplace.config import ConfigError, Settings, load_settings
from marketplace.doctor import machine, program, services
from marketplace.doctor.findings import Check, Finding, Status, run, skip

SECONDS = 8.0
"""The limit of all checks of one round: services, then the program."""
BUILD_SECONDS = 20.0
COLOURS = {Status.OK: "green", Status.SKIP: "bright_black", Status.WARN: "yellow", Status.FAIL: "red"}
OF_THE_PROGRAM = ("migrations", "worker")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> None:
    """Look at everything that a server needs, and say what to do.

    Exit code 1 when something does not work. Nothing is changed, nothing is sent, and no secret is told.
    """
    # Each check says what it has found; what else the program would log is no help here.
    logging.disable(logging.CRITICAL)
    found = examine(os.environ)
    worst = max((finding.status for _, finding in found), key=list(Status).index)
    if as_json:
        click.echo(json.dumps({"status": worst, "checks": [_as_json(*one) for one in found]}, indent=2))
    else:
        for name, finding in found:
            click.echo(_line(name, finding))
    _end(1 if worst is Status.FAIL else 0)


def examine(environ: Mapping[str, str]) -> list[tuple[str, Finding]]:
    """All findings."""
    about_machine = [
        Check("python", machine.look_at_python),
        Check("settings", partial(machine.look_at_settings, environ)),
        Check("memory", machine.look_at_memory),
        Check("encoding", machine.look_at_encoding),
        Check("zones", machine.look_at_zones),
    ]
    try:
        settings = load_settings(environ)
    except ConfigError:
        nothing = skip("not looked at: the settings come first")
        return [*run(about_machine, SECONDS), *((name, nothing) for name in ("database", *OF_THE_PROGRAM))]
    found = run([*about_machine, *_of_services(settings)], SECONDS)
    if dict(found)["database"].status is not Status.OK:
        nothing = skip("not looked at: the database comes first")
        return [*found, *((name, nothing) for name in OF_THE_PROGRAM)]
    return [*found, *_of_program(settings)]


def _of_services(settings: Settings) -> list[Check]:
    looks = {
        "disk": partial(machine.look_at_room, settings.instance_path),
        "files": partial(machine.look_at_files, settings),
        "instance": partial(services.look_at_instance, settings.instance_path),
        "database": partial(services.look_at_database, settings),
        "connections": partial(services.look_at_connections, settings),
        "clock": partial(services.look_at_clock, settings),
        "safety": partial(services.look_at_safety, settings),
        "redis": partial(services.look_at_redis, settings),
        "mail": partial(services.look_at_mail, settings),
        "storage": partial(services.look_at_storage, settings),
        "server": partial(services.look_at_server, settings),
    }
    return [Check(name, look) for name, look in looks.items()]


def _of_program(settings: Settings) -> list[tuple[str, Finding]]:
    built: list[Flask] = []

    def build() -> Finding:
        app, finding = program.build(settings)
        built.extend([app] if app is not None else [])
        return finding

    found = run([Check("program", build)], BUILD_SECONDS)
    return found + (run(program.checks_of(built[0]), SECONDS) if built else [])


def _line(name: str, finding: Finding) -> str:
    status = click.style(f"{finding.status:<4}", fg=COLOURS[finding.status])
    detail = " ".join(finding.detail.split())
    return f"{status}  {name:<12}{detail}" + (f" -> {finding.advice}" if finding.advice else "")


def _as_json(name: str, finding: Finding) -> dict[str, str]:
    return {"name": name, "status": finding.status, "detail": finding.detail, "advice": finding.advice}


def _end(code: int) -> NoReturn:
    """End now: a check that hangs may hold a lock that an orderly end would wait for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
