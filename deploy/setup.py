"""Makes a bare Debian machine ready: packages, virtual environment, Kafka's jars. Run again, it does nothing.

    python3 deploy/setup.py [peers | peers matching | clean]

Uses the standard library alone, because it runs before there is anything else.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCAL = ROOT / ".local"
STAMP = VENV / "installed"
BENCH = LOCAL / "bench"
PEERS = {
    "events": (BENCH / "venv", ROOT / "requirements-bench.txt"),
    "matching": (BENCH / "matching", ROOT / "requirements-bench-matching.txt"),
}
PYTHON_VERSION_MIN = (3, 11)
JAVA_VERSION_MIN = 17
VENV_PACKAGE = "python3-venv"
JAVA_PACKAGES = ("openjdk-17-jre-headless", "default-jre-headless")
CACHES = (".pytest_cache", ".mypy_cache", ".ruff_cache", ".import_linter_cache", ".hypothesis", "build")


class Stopped(Exception):
    """What is missing, as one sentence for the person at the terminal."""


def main() -> None:
    try:
        require_python()
        if sys.argv[1:] == ["clean"]:
            clean()
        elif sys.argv[1:2] == ["peers"]:
            install_peers(*PEERS[(sys.argv[2:] or ["events"])[0]])
        else:
            setup()
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        sys.exit(1)


def setup() -> None:
    """Packages of Debian and of Python come from different places: they are fetched side by side."""
    missing = installable(missing_packages())
    if VENV_PACKAGE in missing:
        missing.remove(VENV_PACKAGE)
        install_packages([VENV_PACKAGE])
    with ThreadPoolExecutor(1) as beside:
        packages = beside.submit(install_packages, missing)
        install_requirements()
        packages.result()
    fetch_kafka()


def require_python() -> None:
    if sys.version_info < PYTHON_VERSION_MIN:
        wanted, found = ".".join(map(str, PYTHON_VERSION_MIN)), sys.version.split()[0]
        raise Stopped(
            f"Python {wanted} or newer is needed, and {sys.executable} is {found}: "
            f"install one and name it, for example `make setup PYTHON=python{wanted}`."
        )


def installable(missing: list[str]) -> list[str]:
    """What of it we can install; else says what is missing: without a browser only its tests fail."""
    if not missing:
        return []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step("the list of Debian packages"):
            run("apt-get", "update", "-q")
        return missing
    sentence = f"Missing here: {', '.join(missing)}. Install as root: apt-get install {' '.join(missing)}"
    if missing != ["chromium"]:
        raise Stopped(f"{sentence}, and run this again.")
    print(f"{sentence} (only the browser tests need it).")
    return []


def install_packages(names: list[str]) -> None:
    for name in names:
        with step(f"the Debian package {name}"):
            run("apt-get", "install", "-y", "-q", "--no-install-recommends", name)


def missing_packages() -> list[str]:
    missing = []
    if not PYTHON.exists() and not can_make_environments():
        missing.append(VENV_PACKAGE)
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and not docker_instead():
        if java_version() < JAVA_VERSION_MIN:
            missing.append(next((name for name in JAVA_PACKAGES if is_offered(name)), JAVA_PACKAGES[-1]))
        if not shutil.which("mvn") and not jars().is_dir():
            missing.append("maven")
    if not shutil.which("chromium"):
        missing.append("chromium")
    return missing


def can_make_environments() -> bool:
    return subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True).returncode == 0


def java_version() -> int:
    """The major version of the Java on the path, 0 where there is none."""
    java = shutil.which("java")
    if java is None:
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True)  # noqa: S603
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found.group(1)) if found else 0


def docker_instead() -> bool:
    """Whether an engine can stand in for Java, for whoever may not install packages."""
    docker = shutil.which("docker")
    if os.geteuid() == 0 or docker is None:
        return False
    return subprocess.run([docker, "version"], capture_output=True).returncode == 0  # noqa: S603


def is_offered(package: str) -> bool:
    """Whether the package lists know it; without lists the answer is no."""
    apt = shutil.which("apt-cache")
    if apt is None:
        return False
    said = subprocess.run([apt, "policy", package], capture_output=True, text=True)  # noqa: S603
    return "Candidate:" in said.stdout and "Candidate: (none)" not in said.stdout


def install_requirements() -> None:
    """Makes the virtual environment and installs the pinned packages, if anything of that has changed."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if not works(PYTHON):
        with step("the virtual environment"):
            shutil.rmtree(VENV, ignore_errors=True)
            run(sys.executable, "-m", "venv", str(VENV))
    with step("the Python packages (a minute or two)"):
        run(str(PYTHON), "-m", "pip", "install", "-q", "-r", str(ROOT / "requirements-dev.txt"))
    with step("the command mentoring"):
        run(str(PYTHON), "-m", "pip", "install", "-q", "--no-deps", "-e", str(ROOT))
    STAMP.write_text(wanted)


def install_peers(home: Path, requirements: Path) -> None:
    """What a benchmark compares us with, in an environment of its own: ours is not touched."""
    BENCH.mkdir(parents=True, exist_ok=True)
    with (BENCH / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = home / "installed"
        wanted = f"{sys.version}\n{home}\n{requirements.read_text()}"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        with step("the peers of the benchmark"):
            shutil.rmtree(home, ignore_errors=True)
            run(sys.executable, "-m", "venv", str(home))
            run(str(home / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(requirements))
        stamp.write_text(wanted)


def fingerprint() -> str:
    """Changes when the environment has to be made anew: requirements, project, Python, place."""
    parts = [sys.version, str(ROOT)]
    parts += [
        (ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml")
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def works(python: Path) -> bool:
    try:
        return subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True).returncode == 0  # noqa: S603
    except OSError:
        return False


def jars() -> Path:
    pom = (ROOT / "deploy" / "local" / "kafka" / "pom.xml").read_text()
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    return LOCAL / "kafka" / f"jars-{version.group(1) if version else 'unknown'}"


def fetch_kafka() -> None:
    """Fetches the broker's jars with Maven, where the broker will be our own."""
    if jars().is_dir() or not shutil.which("mvn"):
        return
    with step("Kafka's jars"):
        run(str(PYTHON), "-m", "deploy.local.kafka")


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """A printed line when something begins to be installed, and one when it is there."""
    print(f"Installing {what} …", flush=True)
    began = time.monotonic()
    yield
    print(f"Installed {what} in {time.monotonic() - began:.0f} s.", flush=True)


def run(*command: str) -> None:
    """Runs a command to its end, its output in a log. Raises Stopped with its last lines."""
    log = LOCAL / "logs" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    said = subprocess.run(  # noqa: S603
        command,
        cwd=ROOT,
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    text = said.stdout.decode(errors="replace")
    with log.open("a") as file:
        file.write(f"$ {' '.join(command)}\n{text}\n")
    if said.returncode != 0:
        last = "\n".join(text.splitlines()[-8:])
        raise Stopped(f"{last}\n`{' '.join(command)}` failed: see {log}, mend the cause and run this again.")


def clean() -> None:
    """Removes what runs left: data, logs, caches. The environment and the broker's jars stay."""
    with contextlib.ExitStack() as held:
        for lock in LOCAL.rglob("stack.lock"):
            file = held.enter_context(lock.open())
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Stopped(f"A stack is running in {lock.parent}: stop it first.") from None
        for state in LOCAL.rglob("state.json"):
            with contextlib.suppress(OSError, ValueError, KeyError):
                shutil.rmtree(json.loads(state.read_text())["postgres_home"], ignore_errors=True)
        for path in LOCAL.glob("*"):
            if path not in (jars().parent, BENCH):
                remove(path)
    for name in CACHES:
        remove(ROOT / name)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
