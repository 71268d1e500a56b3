"""The blows: what is killed, cut, garbled, stopped or set, each with the time that it took."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chaos_bench import Bench, flows_of, kill_database, processes_below, restart_database
from cut_line import Trouble
from forked import Forked
from stepped_clock import read_offset, set_offset

HOUR_S = 3600.0
_FLOW_STARTS_WITHIN_S = 60.0  # some 13 s on an idle machine
_TAKES_OVER_WITHIN_S = 15.0  # a planner by whose clock the lease of one that sleeps has run out


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow.

    Args:
        what: in words.
        began: on the monotonic clock.
        ended: when all stood again.
        hits: what it interrupts: the device, or the way to it.
    """

    what: str
    began: float
    ended: float
    hits: frozenset[str] = frozenset()


class Striker:
    """Strikes a bench at random.

    Args:
        bench: to strike.
        dice: chooses.
    """

    def __init__(self, bench: Bench, *, dice: random.Random) -> None:
        self._bench = bench
        self._dice = dice
        self.asleep: list[Forked] = []
        self._ways = self._find_ways()
        self._left: list[Callable[[], tuple[str, set[str]]]] = []

    def strike(self) -> Blow:
        """Strike once; every way comes up as often as any other."""
        if not self._left:
            self._left = self._dice.sample(self._ways, len(self._ways))
        began = time.monotonic()
        what, hits = self._left.pop()()
        return Blow(what, began, time.monotonic() + 1.0, frozenset(hits))

    def _find_ways(self) -> list[Callable[[], tuple[str, set[str]]]]:
        bench = self._bench
        ways = [self._kill_planner, self._start_second_planner, self._set_clock]
        ways += [self._start_second_driver, self._kill_driver]
        if bench.plan.engine == "inline":
            ways += [self._let_sleep]
        if bench.plan.engine != "inline":
            ways += [self._kill_server]
        if bench.plan.engine == "up":
            ways += [self._kill_serving, *[self._kill_flow] * 3]  # it is what does the work
        if bench.plan.face == "command":
            ways += [self._kill_program, self._kill_keeper]
        else:
            ways += [self._kill_device, self._cut, self._cut_in_an_answer]
            ways += [self._drop, self._delay, self._double]
        if bench.broker is not None:
            ways += [self._kill_broker]
        if bench.database is not None:
            ways += [self._kill_database, self._stop_database]
        return ways

    def _pause(self, most_s: float = 1.0) -> float:
        return self._dice.uniform(0.0, most_s)

    def _kill_planner(self) -> tuple[str, set[str]]:
        self._bench.planner.kill()
        self._bench.planner = self._bench.start_planner()
        return "planner killed", {"way"}

    def _start_second_planner(self) -> tuple[str, set[str]]:
        self._bench.start_planner()
        return "second planner", set()

    def _start_second_driver(self) -> tuple[str, set[str]]:
        if self._bench.driver is not None:
            self._bench.driver.kill()
        self._bench.driver = self._bench.start_driver()
        return "second driver", {"way"}

    def _kill_driver(self) -> tuple[str, set[str]]:
        if self._bench.driver is None or self._bench.driver.poll() is not None:
            self._bench.driver = self._bench.start_driver()
            time.sleep(self._pause())
        self._bench.driver.kill()
        return "driver killed", {"way"}

    def _kill_device(self) -> tuple[str, set[str]]:
        assert self._bench.device is not None
        self._bench.device.kill()
        time.sleep(self._pause())
        self._bench.start_device()
        return "device killed", {"device", "way"}

    def _kill_program(self) -> tuple[str, set[str]]:
        return self._kill_one("recorded_program.py", "program killed")

    def _kill_keeper(self) -> tuple[str, set[str]]:
        return self._kill_one("command_keeper.py", "keeper killed")

    def _kill_one(self, word: str, what: str) -> tuple[str, set[str]]:
        until = time.monotonic() + 5.0
        while time.monotonic() < until:
            for pid in processes_below(self._bench.folder, word):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    return what, {"device", "way"}
        return "nothing to kill", set()

    def _kill_broker(self) -> tuple[str, set[str]]:
        assert self._bench.broker is not None
        self._bench.broker.kill()
        time.sleep(self._pause())
        self._bench.broker.start()
        return "broker killed", {"way"}

    def _kill_database(self) -> tuple[str, set[str]]:
        assert self._bench.database is not None
        kill_database(self._bench.database)
        restart_database(self._bench.database, after_s=self._pause())
        return "database killed", {"way"}

    def _stop_database(self) -> tuple[str, set[str]]:
        assert self._bench.database is not None
        self._bench.database.stop("immediate")
        restart_database(self._bench.database, after_s=self._pause(3.0))
        return "database stopped", {"way"}

    def _cut(self) -> tuple[str, set[str]]:
        return self._cut_after(None, "line cut")

    def _cut_in_an_answer(self) -> tuple[str, set[str]]:
        return self._cut_after(self._dice.choice([0, 40, 200, 400]), "answer cut off")

    def _cut_after(self, n_bytes: int | None, what: str) -> tuple[str, set[str]]:
        for_s = self._pause(1.5)
        self._dice.choice(self._bench.lines).cut(truncate_after=n_bytes, for_s=for_s)
        time.sleep(for_s)
        return what, {"way"}

    def _drop(self) -> tuple[str, set[str]]:
        return self._trouble("dropped")

    def _delay(self) -> tuple[str, set[str]]:
        return self._trouble("delayed")

    def _double(self) -> tuple[str, set[str]]:
        return self._trouble("doubled")

    def _trouble(self, trouble: Trouble) -> tuple[str, set[str]]:
        for_s = self._pause(2.0)
        self._dice.choice(self._bench.lines).trouble(trouble, for_s=for_s)
        time.sleep(for_s + 2.0)  # what was delayed arrives, and what was dropped is missed
        return f"answers {trouble}", {"way"}

    def _set_clock(self) -> tuple[str, set[str]]:
        """Set the planner's clock, at most an hour from the machine's."""
        clock = self._bench.planner.clock
        now_s = read_offset(clock).total_seconds()
        to_s = self._dice.choice([each for each in (-HOUR_S, 0.0, HOUR_S) if each != now_s])
        set_offset(clock, to_s)
        return "clock set", set()

    def _let_sleep(self) -> tuple[str, set[str]]:
        """Let a planner stand still until another has taken its lease, and then go on."""
        former, before = self._bench.planner, self._bench.epoch()
        former.send(signal.SIGSTOP)
        self._bench.planner = self._bench.start_planner(ahead_s=2 * HOUR_S)
        until = time.monotonic() + _TAKES_OVER_WITHIN_S
        while self._bench.epoch() == before and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(self._pause(2.0))
        former.send(signal.SIGCONT)
        set_offset(self._bench.planner.clock, 0.0)
        self.asleep.append(former)
        return "planner asleep and back", {"way"}

    def _kill_server(self) -> tuple[str, set[str]]:
        return self._kill_of_prefect("flows.server_main", "server killed")

    def _kill_serving(self) -> tuple[str, set[str]]:
        return self._kill_of_prefect("flows.worker_main", "serving process killed")

    def _kill_flow(self) -> tuple[str, set[str]]:
        """Kill the process of a flow in the midst of its work; where there is none, soon again."""
        until = time.monotonic() + _FLOW_STARTS_WITHIN_S
        while time.monotonic() < until:
            found = flows_of(self._bench.folder)
            if found and self._is_at_work():
                time.sleep(self._pause(0.3))
                with suppress(ProcessLookupError):
                    os.kill(self._dice.choice(found), signal.SIGKILL)
                    return "flow killed", {"way"}
            time.sleep(0.1)
        self._left.append(self._kill_flow)
        return "no flow to kill", set()

    def _is_at_work(self) -> bool:
        """Tell whether the device ends an act soon, so that somebody gives it orders."""
        before, until = self._bench.n_done(), time.monotonic() + 5.0
        while time.monotonic() < until:
            if self._bench.n_done() > before:
                return True
            time.sleep(0.02)
        return False

    def _kill_of_prefect(self, word: str, what: str) -> tuple[str, set[str]]:
        until = time.monotonic() + 20.0
        while time.monotonic() < until:
            found = processes_below(self._bench.folder, word)
            if found:
                with suppress(ProcessLookupError):
                    os.kill(self._dice.choice(found), signal.SIGKILL)
                return what, {"way"}
            time.sleep(0.2)
        return "nothing to kill", set()
