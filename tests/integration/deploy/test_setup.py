"""`make setup` says in one sentence what is missing, and does nothing a second time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import setup
from deploy.local import kafka
from tests import infra


def test_an_old_python_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(setup.Stopped, match=r"Python 3\.11 or newer is needed.*PYTHON=python3\.11"):
        setup.require_python()


def test_what_is_missing_on_a_bare_machine_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setattr(setup, "LOCAL", tmp_path)
    assert setup.missing_packages() == ["default-jre-headless", "maven", "chromium"]


def test_with_a_broker_of_ones_own_neither_java_nor_maven_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    assert setup.missing_packages() == ["chromium"]


def test_who_may_not_install_packages_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(setup.Stopped, match="Install as root: apt-get install maven chromium"):
        setup.installable(["maven", "chromium"])


def test_a_missing_browser_alone_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert setup.installable(["chromium"]) == []
    assert "only the browser tests need it" in capsys.readouterr().out


def test_a_step_that_fails_shows_its_last_lines_and_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "LOCAL", tmp_path)
    with pytest.raises(setup.Stopped, match=r"no such thing(.|\n)*setup\.log"):
        setup.run(sys.executable, "-c", "raise SystemExit('no such thing')")


def test_setup_and_the_stack_mean_the_same_jars() -> None:
    assert setup.jars() == kafka.jars()


def test_cleaning_is_refused_while_a_stack_runs_and_keeps_the_jars(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data, jar = tmp_path / "elsewhere", setup.jars().name
    data.mkdir()
    local = tmp_path / ".local"
    for folder in (local / "logs", local / "kafka" / jar):
        folder.mkdir(parents=True)
    (local / "state.json").write_text(f'{{"postgres_home": "{data}"}}')
    (local / "stack.lock").write_text("")
    monkeypatch.setattr(setup, "LOCAL", local)
    monkeypatch.setattr(setup, "CACHES", ())
    holding = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX);"
        "print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holding, str(local / "stack.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(setup.Stopped, match="A stack is running in"):
            setup.clean()
        holder.kill()
    assert data.exists()
    setup.clean()
    assert not data.exists()
    assert [path.name for path in local.iterdir()] == ["kafka"]
    assert (local / "kafka" / jar).is_dir()


def test_every_target_of_the_makefile_is_explained() -> None:
    text = (infra.ROOT / "Makefile").read_text()
    phony = next(line for line in text.splitlines() if line.startswith(".PHONY:")).split()[1:]
    said = subprocess.run(["make", "help"], cwd=infra.ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in said for target in phony if target != "help")
