"""Every alert says what to do, and asks for nothing that is not measured."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

from prometheus_client import CollectorRegistry
from ruamel.yaml import YAML

from services.matching.hris.measures import Measures
from tests import infra

FOLDER = infra.ROOT / "deploy" / "prometheus"


def rules() -> list[dict[str, Any]]:
    found: dict[str, Any] = YAML(typ="safe").load((FOLDER / "hris.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_every_alert_has_a_section_in_the_runbook() -> None:
    sections = re.findall(r"^## (\w+)$", (FOLDER / "runbook.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules()] == sections
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"deploy/prometheus/runbook.md#{rule['alert'].lower()}"


def test_every_alert_is_about_something_that_is_measured() -> None:
    registry = CollectorRegistry()
    Measures(registry)
    measured = {family.name for family in registry.collect()}
    for rule in rules():
        names = set(re.findall(r"mentoring_\w+", rule["expr"]))
        assert names
        assert names <= measured, rule["alert"]


def test_prometheus_itself_takes_the_rules_where_it_is_installed() -> None:
    tool = shutil.which("promtool")
    if tool is not None:
        checked = subprocess.run([tool, "check", "rules", str(FOLDER / "hris.yml")], capture_output=True)
        assert checked.returncode == 0, checked.stdout
