"""`python -m shared.contract write | check`."""

from __future__ import annotations

import sys

from shared.contract import files


def main(arguments: list[str]) -> int:
    if arguments not in (["write"], ["check"]):
        print("usage: python -m shared.contract write | check", file=sys.stderr)
        return 2
    try:
        wrong = files.broken()
        changed = files.write() if arguments == ["write"] else files.stale(files.due())
    except files.Incompatible as error:
        print(error, file=sys.stderr)
        return 1
    for file in changed:
        print(f"{'written' if arguments == ['write'] else 'stale'}: {file.relative_to(files.ROOT)}")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong or (changed and arguments == ["check"]) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
