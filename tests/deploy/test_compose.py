"""compose.yaml: everything that it names is there, and no service may more than it needs."""

import re
from typing import Any

import pytest
import yaml

from marketplace.config import load_settings
from tests.deploy.test_containerfile import stages
from tests.deploy.test_environment import SECRET, read_by_the_program
from tests.support.deployment import DEPLOY, variables

TEXT = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = ("migrate", "web", "realtime", "worker", "backup")
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def environment(name: str) -> dict[str, str]:
    """What a service of ours gets: the sample, and above it what compose.yaml sets."""
    passwords = {"DATABASE_PASSWORD": "secret"}

    def put_in(match: re.Match[str]) -> str:
        return passwords.get(match[1]) or match[3]

    given = {key: VARIABLE.sub(put_in, str(value)) for key, value in SERVICES[name]["environment"].items()}
    return {**variables(DEPLOY / "marketplace.env.sample"), "SECRET_KEY": SECRET, **given}


def test_every_file_is_there() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source, target, *_ = mount.split(":")
            assert target.startswith("/"), name
            if source.startswith("."):
                is_for_backups = (name, source) == ("backup", "./backups")
                assert is_for_backups or (DEPLOY / source).exists(), f"{name}: {source}"
                assert is_for_backups or mount.endswith(":ro"), f"{name}: {mount} is not for writing"
            else:
                assert source in FILE["volumes"], f"{name}: {source}"
        for sample in service.get("env_file", []):
            assert (DEPLOY / f"{sample}.sample").exists()
    targets = {stage[0][1].split(" AS ")[1] for stage in stages()}
    for name in OURS:
        build = SERVICES[name]["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
        assert build["target"] in targets


def test_every_network_and_dependency_is_there_and_used() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(FILE["networks"]), name
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES, name
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other}"
    mounted = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}
    assert set(FILE["volumes"]) <= mounted


def test_every_variable_is_in_the_sample() -> None:
    sample = DEPLOY / "compose.env.sample"
    needed = {match[1] for match in VARIABLE.finditer(TEXT) if match[2] == "?"}
    optional = {match[1]: match[3] for match in VARIABLE.finditer(TEXT) if match[2] == "-"}
    assert {match[1] for match in VARIABLE.finditer(TEXT)} == needed | set(optional), (
        "say what holds without it"
    )
    assert set(variables(sample)) == needed
    assert variables(sample, defaults=True) == optional


@pytest.mark.parametrize("name", OURS)
def test_the_roles_start_with_these_settings(name: str) -> None:
    assert set(SERVICES[name]["environment"]) <= read_by_the_program()
    settings = load_settings(environment(name))
    assert settings.is_production
    assert settings.proxy_hops == 1
    assert settings.database_url == "postgresql+psycopg2://marketplace:secret@postgres/marketplace"


def test_postgresql_has_room_for_all_of_them() -> None:
    text = (DEPLOY / "postgres" / "postgresql.conf").read_text()
    found = re.search(r"^max_connections = (\d+)", text, re.MULTILINE)
    assert found
    wanted = 0
    for name in OURS[:-1]:  # a backup takes two, of what is left
        settings = load_settings(environment(name))
        wanted += settings.web_concurrency * (2 * (settings.db_pool_size + settings.db_max_overflow) + 4)
    limit = re.search(r"CONNECTION LIMIT (\d+)", (DEPLOY / "postgres" / "init.sh").read_text())
    assert limit
    assert wanted <= int(limit[1]) < int(found[1])


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned_and_no_service_may_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert name in OURS or re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", service["image"])
    assert "privileged" not in service
    assert not any("docker.sock" in mount for mount in service.get("volumes", []))
    assert service["restart"] == ("no" if name in {"migrate", "backup"} else "unless-stopped")
    assert service["logging"]["options"]["max-size"]
    if name != "postgres":  # its image starts as root, and becomes the owner of its folder
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    if name not in {"postgres", "grafana"}:
        assert service["read_only"] is True


def test_nothing_but_nginx_can_be_reached_from_elsewhere() -> None:
    open_to_all = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }
    assert open_to_all == {"nginx"}
    for name in ("postgres", "redis"):
        assert all(FILE["networks"][network]["internal"] for network in SERVICES[name]["networks"])


def test_roles_have_longer_to_end_than_they_take() -> None:
    for name in OURS:
        grace = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert grace > load_settings(environment(name)).graceful_timeout


def test_nginx_and_prometheus_ask_who_is_there() -> None:
    """The names and ports in their files are services here, in a network with them."""
    text = (DEPLOY / "nginx" / "upstreams.compose.conf").read_text()
    for name, port in re.findall(r"server (\w+):(\d+) max_fails=0;", text):
        assert environment(name)["PORT"] == port
        assert set(SERVICES[name]["networks"]) & set(SERVICES["nginx"]["networks"])
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    for job in config["scrape_configs"]:
        for found in job.get("dns_sd_configs", []):
            [name] = found["names"]
            assert int(environment(name)["PORT"]) == found["port"]
            assert set(SERVICES[name]["networks"]) & set(SERVICES["prometheus"]["networks"])
    mounts = [mount.split(":") for mount in SERVICES["nginx"]["volumes"]]
    targets = {target for _, target, _ in mounts}
    for source, _, _ in mounts:
        for included in re.findall(r"include (/etc/nginx/marketplace/\S+);", (DEPLOY / source).read_text()):
            assert included in targets, f"{source} includes {included}"
    published = SERVICES["nginx"]["ports"][0].rpartition(":")[2]
    assert f"listen {published};" in (DEPLOY / "nginx" / "server.plain.conf").read_text()
