"""A program as a device: reads an order, moves nothing, and writes its act into the judge's record.

``python -S recorded_program.py RECORD SECONDS``. It imports nothing but Python's own modules, since
it is started for each run.
"""

from __future__ import annotations

import json
import os
import sys
import time


def write(path: str, line: dict[str, object]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, f"{json.dumps(line)}\n".encode())
    os.fsync(file)
    os.close(file)


def main() -> None:
    record, duration = sys.argv[1:]
    order = json.load(sys.stdin)
    plain = {name: each["value"] for name, each in order["parameters"].items()}
    about = {"key": order["key"], "pid": os.getpid(), "parameters": plain}
    write(record, {"event": "begun", **about})
    time.sleep(float(duration))
    outcomes = {"yield": plain["temperature"] / 2 + plain["flow"]}
    write(record, {"event": "ended", "how": "done", "outcomes": outcomes, **about})
    print(json.dumps({"outcomes": outcomes}))


if __name__ == "__main__":
    main()
