"""The containers' files hold what they promise, as far as that shows without an engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from deploy.local import kafka, servers
from deploy.local.databases import SERVICES

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
BIN = Path(sys.executable).parent


def services() -> dict[str, Any]:
    text = re.sub(r"\$\{(\w+)(?::[?-][^}]*)?\}", r"\1", COMPOSE.read_text())
    found: dict[str, Any] = YAML(typ="safe").load(text)["services"]
    return found


def test_the_compose_file_follows_the_compose_specification() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    said = subprocess.run([BIN / "hadolint", ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_image_has_two_stages_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 2
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users
    assert not users[-1].startswith(("0", "root"))


def test_the_image_ships_the_solver_compiled_where_the_container_may_write() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text()
    (kept,) = re.findall(r"NUMBA_CACHE_DIR=(\S+)", lines)
    compiled = lines.index("engine.warm()")
    assert lines.index("USER 10001") < compiled
    assert f"install -d -o 10001 -g 10001 {kept}" in lines[:compiled]
    assert "NUMBA_CPU_NAME=generic" in lines[:compiled]
    assert services()["matching"]["volumes"] == [f"kernels:{kept}"]


@pytest.mark.parametrize("name", sorted(services()))
def test_every_container_is_hardened_limited_and_watched(name: str) -> None:
    one = services()[name]
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    limits = one["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= limits.keys()
    assert ":" in one["image"]
    assert not one["image"].endswith(":latest")
    once = name.startswith("migrate-")
    assert one["healthcheck"] == {"disable": True} if once else one["healthcheck"]["test"]
    assert name == "kafka" or one["read_only"] is True


def test_every_service_waits_for_its_own_migration() -> None:
    found = services()
    for service in SERVICES:
        waits = found[service]["depends_on"][f"migrate-{service}"]
        assert waits == {"condition": "service_completed_successfully"}
        assert found[f"migrate-{service}"]["command"] == [f"services.{service}", "migrate"]
    assert found["analytics-live"]["command"] == ["services.analytics", "live"]


def test_ports_are_open_on_loopback_only() -> None:
    published = [port for one in services().values() for port in one.get("ports", [])]
    assert len(published) == len(SERVICES) + 1
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_gets_all_settings_its_service_needs_and_no_unknown_one(service: str) -> None:
    fields = import_module(f"services.{service}.settings").Settings.model_fields
    given = services()[service]["environment"]
    names = {name.removeprefix("MENTORING_").lower() for name in given}
    assert names <= fields.keys()
    assert {name for name, field in fields.items() if field.is_required()} <= names


def test_the_console_is_told_where_everybody_answers() -> None:
    said = json.loads(services()["analytics"]["environment"]["MENTORING_PLUMBING_URLS"])
    assert said == {service: [f"http://{service}:8000"] for service in SERVICES}


def test_containers_and_the_embedded_stack_run_the_same_servers() -> None:
    found = services()
    assert found["kafka"]["image"] == f"apache/kafka:{kafka.version()}"
    assert found["postgres"]["image"] == servers.POSTGRES_IMAGE


def test_no_secret_is_written_in_the_compose_file() -> None:
    for line in COMPOSE.read_text().splitlines():
        name, _, value = line.strip().partition(": ")
        if name.endswith(("PASSWORD", "KEY", "TOKEN")):
            assert value.startswith("${MENTORING_"), line


def test_the_secrets_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    folder = tmp_path / "deploy" / "docker"
    folder.mkdir(parents=True)
    script = folder / "secrets_for_compose.py"
    script.write_text((ROOT / "deploy" / "docker" / script.name).read_text())
    first = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert wanted == {line.partition("=")[0] for line in (tmp_path / ".env").read_text().splitlines()}
    assert {row["id"] for row in json.loads((folder / "tokens.json").read_text())} >= {"administrator"}
    again = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert again.returncode != 0
    assert "is there already" in again.stderr
