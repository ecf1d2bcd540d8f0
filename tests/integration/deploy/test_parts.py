"""The parts of the stack on their own: a supervised process, the mail sink, where servers come from."""

from __future__ import annotations

import asyncio
import os
import signal
import string
import sys
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import aiosmtplib
import pytest

from deploy.local import kafka, leftovers, mail, ports, servers
from deploy.local.child import Child, Trouble
from deploy.local.supervise import PATIENCE_S, Part, Supervisor
from tests import infra


def process(folder: Path, program: str) -> Part:
    child = Child(
        "program",
        (sys.executable, "-c", program),
        log=folder / "log",
        note=folder / "note.json",
        directory=folder,
    )
    return Part("program", child, child.start, lambda: "ready" in child.last_words())


async def test_a_process_that_keeps_dying_is_tried_less_and_less_often(tmp_path: Path) -> None:
    part = process(tmp_path, "raise SystemExit(3)")
    part.wanted = True
    now, waits = 1000.0, []
    for _ in range(len(PATIENCE_S)):
        part.spawn()
        await infra.eventually(lambda: not part.child.alive, "the program ends")
        told = part.revive(now)
        assert told is not None
        assert "ended with status 3" in told
        waits.append(part._wait_s)
        part._tries, part._next_try = part._tries + 1, None
    assert waits == list(PATIENCE_S)


async def test_a_process_that_is_not_wanted_stays_away(tmp_path: Path) -> None:
    part = process(tmp_path, "print('ready', flush=True); import time; time.sleep(100)")
    await part.start()
    await part.stop()
    assert part.revive(0.0) is None
    assert leftovers.noted(part.child.note) is None


async def test_a_process_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)"
    part = process(tmp_path, f"{deaf}\nwhile True: time.sleep(1)")
    await part.start()
    await part.child.stopped(0.2)
    assert part.child.ended_by == "was killed by SIGKILL"


async def test_a_frozen_process_can_be_stopped(tmp_path: Path) -> None:
    part = process(tmp_path, "print('ready', flush=True); import time; time.sleep(100)")
    await part.start()
    part.freeze()
    await part.stop()
    assert not part.child.alive


async def test_a_process_that_does_not_come_up_says_its_last_words(tmp_path: Path) -> None:
    part = process(tmp_path, "raise SystemExit('the sky is green')")
    with pytest.raises(Trouble, match=r"program ended with status 1(.|\n)*the sky is green"):
        await part.start()


async def test_the_supervisor_tells_what_happens_and_to_whom(tmp_path: Path) -> None:
    part = process(tmp_path, "print('ready', flush=True); import time; time.sleep(100)")
    told: list[str] = []
    changes: list[int | None] = []
    supervisor = Supervisor([part], told.append, lambda: changes.append(part.child.pid))
    await part.start()
    first = part.kill(signal.SIGKILL)
    watching = asyncio.create_task(supervisor.watch())
    await infra.eventually(lambda: len(told) == 2, "the supervisor tells")
    watching.cancel()
    assert told == supervisor.told
    assert changes[-1] not in (None, first)
    assert part.deaths == 1
    await part.stop()


async def test_mails_are_kept_in_order_also_after_a_pause(tmp_path: Path) -> None:
    sink = mail.Sink(tmp_path / "mail")
    await sink.start()
    await _send(sink.port, "first")
    await _send(sink.port, "second")
    await sink.stop()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await _send(sink.port, "lost")
    await sink.start()
    await _send(sink.port, "third")
    await sink.stop()
    kept = sorted(file for file in sink.folder.iterdir())
    assert [file.name for file in kept] == ["000001.eml", "000002.eml", "000003.eml"]
    subjects = [line for file in kept for line in file.read_text().splitlines() if line.startswith("Subject")]
    assert subjects == ["Subject: first", "Subject: second", "Subject: third"]


async def test_a_mail_sink_that_goes_away_hangs_up_on_who_is_connected(tmp_path: Path) -> None:
    sink = mail.Sink(tmp_path / "mail")
    await sink.start()
    async with aiosmtplib.SMTP(hostname=ports.HOST, port=sink.port, timeout=5) as line:
        await line.noop()
        await sink.stop()
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await line.noop()


async def _send(port: int, subject: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@mentoring.example", "b@mentoring.example", subject
    message.set_content("Hello")
    await aiosmtplib.send(message, hostname=ports.HOST, port=port, timeout=5)


def test_a_given_address_comes_before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert servers.kafka_source({"KAFKA_BOOTSTRAP_SERVERS": "broker:9092"}) == "given"
    given = {
        f"DATABASE_URL_{name}": "postgresql://x"
        for name in ("MATCHING", "SCHEDULING", "NOTIFICATIONS", "ANALYTICS")
    }
    assert servers.postgres_source(given) == "given"


def test_without_any_way_to_a_broker_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    assert kafka.java() is None
    with pytest.raises(Trouble, match=r"KAFKA_BOOTSTRAP_SERVERS.*openjdk-17-jre-headless.*maven.*Docker"):
        servers.kafka_source({})


def test_a_clusters_id_never_looks_like_an_option() -> None:
    first = {kafka.cluster_id(UUID(int=number << 120))[0] for number in range(256)}
    assert first == set(string.ascii_letters[26:] + "abcdef")


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    found = ports.free(20)
    assert len(set(found)) == 20
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(found) < max(lowest, ports.HIGHEST)


def test_a_dead_runs_folder_is_removed_and_a_living_ones_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living = leftovers.temporary_home("purpose")
    dead = tmp_path / "mentoring-purpose-dead"
    dead.mkdir()
    (dead / leftovers.OWNER).write_text('{"pid": 1, "started": 17.0}')
    foreign = tmp_path / "mentoring-purpose-foreign"
    foreign.mkdir()
    leftovers.remove_dead_homes("purpose")
    assert living.is_dir()
    assert foreign.is_dir()
    assert not dead.exists()
    assert os.stat(living).st_mode & 0o777 == 0o711
