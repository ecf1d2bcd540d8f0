"""Makes the secrets that docker-compose.yml asks for: `.env` and `deploy/docker/tokens.json`, once.

    python3 deploy/docker/secrets_for_compose.py

Prints the two service tokens; only their hashes are kept, and the console's own one in `.env`.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parents[1] / ".env"
TOKENS = HERE / "tokens.json"
NAMES = (
    "MENTORING_POSTGRES_PASSWORD",
    "MENTORING_OWNER_PASSWORD",
    "MENTORING_APP_PASSWORD",
    "MENTORING_LINK_KEY",
    "MENTORING_PLUMBING_TOKEN",
)
SCOPES = (
    "people:read", "people:write", "programmes:read", "programmes:write", "matches:read", "matches:write",
    "sessions:read", "sessions:write", "figures:read",
)  # fmt: skip


def main() -> None:
    if ENVIRONMENT.exists():
        sys.exit(f"{ENVIRONMENT} is there already: remove it first, if new secrets are wanted.")
    values = {name: secrets.token_hex(24) for name in NAMES}
    admin, service = (f"mt{kind}_{secrets.token_urlsafe(32)}" for kind in "as")
    rows = [
        _row("administrator", admin, ["admin"]),
        _row("service", service, SCOPES),
        _row("console", values["MENTORING_PLUMBING_TOKEN"], ["operate"]),
    ]
    _write(ENVIRONMENT, "".join(f"{name}={value}\n" for name, value in values.items()), 0o600)
    # Read in the containers by a user that is not ours: hashes only.
    _write(TOKENS, json.dumps(rows, indent=2), 0o644)
    print(f"administrator's token: {admin}\nservice's token:       {service}\nThey are shown once.")


def _row(name: str, token: str, scopes: object) -> dict[str, object]:
    return {"id": name, "sha256": hashlib.sha256(token.encode()).hexdigest(), "scopes": scopes}


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
