"""A run that uses Prefect's server, as a process that tests can interrupt and kill.

``python user_program.py HOME DO...`` where each DO is done in turn::

    wait          until standard input ends
    flow:N        call a flow of N tasks and print "flow done"
    slow:N        the same, 0.25 s a task; prints "flow running" before the first task
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from flows import quiet
from flows.server import server


def say(text: str) -> None:
    print(text, flush=True)


def call_flow(n_tasks: int, *, pause_s: float) -> None:
    from prefect import flow, tags, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE)
    def step(number: int) -> int:
        if number == 0:
            say("flow running")
        time.sleep(pause_s)
        return number

    outcomes: list[int] = []

    @flow(name="stretch", flow_run_name="one", persist_result=False)
    def stretch() -> None:
        outcomes.append(sum(step(number) for number in range(n_tasks)))

    try:
        with tags("tested"):
            stretch()
    except Exception as error:
        # Prefect records the end last: the work is done whatever becomes of that
        say(f"not recorded: {type(error).__name__}")
    assert outcomes == [n_tasks * (n_tasks - 1) // 2]
    say("flow done")


def do(what: str) -> None:
    verb, _, number = what.partition(":")
    if verb == "wait":
        sys.stdin.read()
    else:
        call_flow(int(number), pause_s=0.25 if verb == "slow" else 0.0)


def main() -> None:
    home = Path(sys.argv[1])
    with (
        server(home, on_message=say) as address,
        quiet.in_force(quiet.settings(home=home, api_url=address.api_url)),
    ):
        say(f"ready {address.api_url}")
        for what in sys.argv[2:]:
            do(what)
    say("left")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
