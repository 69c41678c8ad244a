"""Prometheus and Grafana: their files are valid, and every metric that they name is served."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yaml

from marketplace.config import PROJECT_ROOT
from tests.deploy.conftest import Roles
from tests.support.deployment import DEPLOY, needs

PROMETHEUS = DEPLOY / "prometheus"
RULES = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "dashboards" / "marketplace.json").read_text())
PROVISIONED = DEPLOY / "grafana" / "provisioning"
# Words of PromQL that may stand where a metric does.
_WORDS = {"and", "or", "unless", "on", "by", "le", "bool", "ignoring", "without", "group_left"}
_OF_PROMETHEUS = {"up"}


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def metrics_of(expression: str) -> set[str]:
    """The names of metrics: words that are neither functions, nor labels, nor of the language."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    words = re.findall(r"\b([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
    return {word for word in words if word not in _WORDS}


def labels_of(expression: str) -> set[str]:
    inside = " ".join(re.findall(r"\{([^}]*)\}", expression))
    grouped = " ".join(re.findall(r"\bby\s*\(([^)]*)\)", expression))
    return set(re.findall(r"(\w+)\s*[=!]~?", re.sub(r'"[^"]*"', '""', inside))) | set(
        re.findall(r"\w+", grouped)
    )


@pytest.fixture(scope="module")
def served(roles: Roles) -> str:
    """What the web role tells, after a request and an event."""
    person = {"username": "mona", "email": "mona@example.org", "password": "Correct-Horse-7",
              "first_name": "Mona", "last_name": "Tor"}  # fmt: skip
    made = requests.post(f"{roles.web.base}/api/v1/user/sign-up", json=person, timeout=15)
    assert made.status_code == 201, made.text
    return requests.get(f"{roles.web.base}/metrics", timeout=15).text


def test_expressions_are_read_as_meant() -> None:
    """The reading above, on forms that it meets."""
    assert metrics_of('sum by (le) (rate(a_bucket{x=~"b_c|d"}[5m])) / on (job) sum(b{y="z"}) > 0.5') == {
        "a_bucket",
        "b",
    }
    assert metrics_of("count(up == 1) > 0 unless on () c_seconds") == {"up", "c_seconds"}
    assert labels_of('sum by (le, job) (a{x=~"b=c",y!="d"})') == {"le", "job", "x", "y"}


@pytest.mark.e2e
def test_every_metric_that_is_named_is_served(served: str) -> None:
    samples = set(re.findall(r"^([a-z_]+)[{ ]", served, re.MULTILINE))
    assert {"http_requests_total", "outbox_jobs", "domain_events_total"} <= samples
    named = {name: metrics_of(expression) for name, expression in expressions()}
    missing = {name: found - samples - _OF_PROMETHEUS for name, found in named.items()}
    assert {name: found for name, found in missing.items() if found} == {}
    assert all(named.values())


@pytest.mark.e2e
def test_every_label_that_is_named_is_served(served: str) -> None:
    known = set(re.findall(r'[{,](\w+)="', served)) | {"job", "instance"}
    for name, expression in expressions():
        assert labels_of(expression) <= known, name
    for status in re.findall(
        r'outbox_jobs\{[^}]*status="(\w+)"', " ".join(text for _, text in expressions())
    ):
        assert f'outbox_jobs{{status="{status}"}}' in served


def test_every_alert_says_how_bad_it_is_and_what_to_do() -> None:
    page = (PROJECT_ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    tried = (PROMETHEUS / "alerts.test.yml").read_text(encoding="utf-8")
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"].endswith(".")
        assert rule["for"]
        assert f"`{rule['alert']}`" in page, f"docs/operators.md does not tell of {rule['alert']}"
        assert len(re.findall(rf"alertname: {rule['alert']}\b", tried)) >= 2, "silent and told"


def test_the_dashboard_is_whole() -> None:
    [provider] = yaml.safe_load((PROVISIONED / "dashboards" / "marketplace.yml").read_text())["providers"]
    [source] = yaml.safe_load((PROVISIONED / "datasources" / "prometheus.yml").read_text())["datasources"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert (
        f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["services"]["grafana"]["volumes"]
    )
    assert source["url"] == "http://prometheus:9090"
    assert DASHBOARD["uid"]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in DASHBOARD["panels"]:
        assert panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == source["uid"]
    places = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places), "panels lie on each other"
    assert max(x for x, _ in places) < 24


@needs("promtool")
@pytest.mark.parametrize(
    "arguments",
    [("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")],
    ids=["files", "alerts"],
)
def test_promtool(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr


@needs("promtool")
def test_promtool_takes_every_expression() -> None:
    """Those of the dashboard too, as rules of recording."""
    program = shutil.which("promtool")
    assert program
    records = [
        {"record": f"tried:{number}", "expr": text.replace("$__rate_interval", "1m")}
        for number, (_, text) in enumerate(expressions())
    ]
    rules = yaml.safe_dump({"groups": [{"name": "tried", "rules": records}]})
    done = subprocess.run(
        [program, "check", "rules", "/dev/stdin"],
        input=rules,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.e2e
@needs("promtool")
def test_promtool_takes_what_is_served(served: str) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=served,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
