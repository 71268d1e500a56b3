"""A program as a lab: real programs, one a run, that end well, badly or never."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planner.errors import Conflict, InputError, LabUnavailable, Refused
from planner.labs import CommandLab, DeliveryClass
from planner.labs.command_keeper import keep
from planner.trials import Answer, DeviceState, Order, Reported
from tests.labs.furnaces import furnace, open_furnace, order

WITHIN_S = 20.0
GOOD = """
import json, sys
order = json.load(sys.stdin)
kelvin = order["parameters"]["T_SP"]["value"]
print(json.dumps({
    "outcomes": {"Y": 0.8},
    "achieved": {"T_SP": {"value": kelvin, "unit": "K"}},
}))
"""
Open = Callable[..., CommandLab]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens labs whose program is this text of Python."""
    labs: list[CommandLab] = []

    def open_one(program: str = GOOD, more: str = "") -> CommandLab:
        (tmp_path / "measure.py").write_text(textwrap.dedent(program))
        lines = f"kind: command\nprogram: [{sys.executable}, -I, -S, measure.py]\n{more}"
        lab = open_furnace(lines, tmp_path)
        assert isinstance(lab, CommandLab)
        labs.append(lab)
        return lab

    yield open_one
    for lab in labs:
        for number in (1, 2):
            lab.abort(f"growth/{number}/1", token=0, ledger="")
        lab.close()


def end_of(lab: CommandLab, number: int = 1) -> Answer:
    key = f"growth/{number}/1"
    until = time.monotonic() + WITHIN_S
    while (answer := lab.poll([key])[key]).state is DeviceState.STARTED:
        assert time.monotonic() < until
        lab.wait_for_news(0.5)
    return answer


def run_folder(folder: Path, number: int = 1) -> Path:
    return folder / "growth.planner" / "runs" / f"growth%2F{number}%2F1"


def wait_for(path: Path) -> str:
    until = time.monotonic() + WITHIN_S
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return path.read_text()


def test_a_program_reads_its_order_and_writes_its_result(opened: Open, tmp_path: Path) -> None:
    lab = opened()
    assert lab.delivery is DeliveryClass.FIRE_AND_OBSERVE
    assert lab.submit(order()).state is DeviceState.STARTED
    answer = end_of(lab)
    assert answer.state is DeviceState.DONE
    assert answer.result is not None
    assert answer.result.outcomes == {"yield": Reported(value=0.8, unit="1")}
    assert answer.result.achieved == {"temperature": Reported(value=973.15, unit="K")}
    kept = json.loads((run_folder(tmp_path) / "order.json").read_text())
    assert kept["key"] == "growth/1/1"


def test_a_key_is_started_once_whoever_asks(opened: Open, tmp_path: Path) -> None:
    program = f"open({str(tmp_path / 'acts')!r}, 'a').write('act ')\n{textwrap.dedent(GOOD)}"
    first, second = opened(program), opened(program)
    first.submit(order())
    assert second.submit(order()).state in (DeviceState.STARTED, DeviceState.DONE)
    end_of(first)
    assert second.submit(order()).state is DeviceState.DONE
    with pytest.raises(Conflict, match="growth/1/1 was started before for another order"):
        second.submit(order(digest="another"))
    assert (tmp_path / "acts").read_text() == "act "


# What a program does wrong, what the run is then, and words of the reason.
WRONG = {
    "it dies": ("import sys; sys.exit('no gas')", "failed", "ended with code 1: no gas"),
    "it is killed": ("import os; os.kill(os.getpid(), 9)", "failed", "was killed by signal 9"),
    "it writes nothing": ("", "unknown", "it wrote nothing"),
    "it writes garbage": ("print('42 percent')", "unknown", "cannot be read"),
    "it writes bytes": ("import os; os.write(1, b'\\xff\\xfe')", "unknown", "cannot be read"),
    "it breaks off": ('print(\'{"outcomes": {"Y"\')', "unknown", "cannot be read"),
    "it writes a list": ("print('[1, 2]')", "unknown", 'it has no "outcomes"'),
    "it has no outcomes": ("print('{\"result\": 4}')", "unknown", 'it has no "outcomes"'),
    "it nests too deep": ("print('[' * 100000)", "unknown", "cannot be read"),
    "it writes text and then a result": (
        "print('ready'); print('{\"outcomes\": {\"Y\": 1}}')",
        "unknown",
        "cannot be read",
    ),
    "it says that the machine failed": (
        'print(\'{"failed": "machine", "reason": "no gas"}\')',
        "failed",
        "no gas",
    ),
}


def test_what_a_program_does_wrong_is_said(opened: Open, tmp_path: Path) -> None:
    """What has run and cannot be read is for a person: the run may have used up its material."""
    lab = opened(
        """
        import json, os, sys
        case = int(json.load(sys.stdin)["key"].split("/")[1])
        exec(open(f"case{case}.py").read())
        """
    )
    for number, (program, _, _) in enumerate(WRONG.values()):
        (tmp_path / f"case{number}.py").write_text(program)
        lab.submit(order(number))
    for number, (case, (_, state, words)) in enumerate(WRONG.items()):
        answer = end_of(lab, number)
        assert answer.state == state, f"{case}: {answer}"
        assert words in answer.reason, case
        if state == "unknown":
            assert str(run_folder(tmp_path, number)) in answer.reason


def test_a_program_says_that_the_process_failed(opened: Open) -> None:
    lab = opened('print(\'{"failed": "process", "reason": "it gelled"}\')')
    lab.submit(order())
    answer = end_of(lab)
    assert (answer.state, answer.failure, answer.reason) == ("failed", "process", "it gelled")


def test_what_is_no_number_reaches_the_checks_of_the_loop(opened: Open) -> None:
    lab = opened('print(\'{"outcomes": {"Y": NaN}}\')')
    lab.submit(order())
    result = end_of(lab).result
    assert result is not None
    assert result.outcomes["yield"].value != result.outcomes["yield"].value


def test_a_program_that_hangs_is_ended_when_its_time_is_over(opened: Open, tmp_path: Path) -> None:
    """It is asked first, and had its chance to write down what it did."""
    program = """
        import signal, sys, time
        def leave(*_):
            print("closed the valve", file=sys.stderr)
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        time.sleep(100)
    """
    lab = opened(program, "time_limit: 0.5")
    lab.submit(order())
    answer = end_of(lab)
    assert answer.state is DeviceState.FAILED
    assert "took too long" in answer.reason
    assert "closed the valve" in (run_folder(tmp_path) / "stderr").read_text()


def test_a_program_that_does_not_listen_is_ended_by_force_with_what_it_started(
    opened: Open, tmp_path: Path
) -> None:
    program = f"""
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(100)"])
        open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
        time.sleep(100)
    """
    lab = opened(program, "grace: 0.2")
    lab.submit(order())
    child = int(wait_for(tmp_path / "child"))
    answer = lab.abort("growth/1/1", token=1, ledger="")
    assert answer.state is DeviceState.ABORTED
    until = time.monotonic() + WITHIN_S
    while _is_running(child):
        assert time.monotonic() < until
        time.sleep(0.01)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_writes_without_end_is_ended_and_its_output_bounded(
    opened: Open, tmp_path: Path
) -> None:
    lab = opened("import os\nfor _ in range(100): os.write(1, b' ' * (1 << 20))")
    lab.submit(order())
    answer = end_of(lab)
    assert answer.state is DeviceState.FAILED
    assert "wrote too much" in answer.reason
    assert (run_folder(tmp_path) / "stdout").stat().st_size == 16 << 20


@pytest.mark.slow
def test_after_a_crash_of_the_planner_the_run_goes_on_and_its_result_is_there(
    opened: Open, tmp_path: Path
) -> None:
    """The planner is a process that is killed without a word while the program runs."""
    go = tmp_path / "go"
    program = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n{GOOD}"
    lab = opened(program)
    planner = f"""
import sys
from pathlib import Path
from tests.labs.furnaces import open_furnace, order
lines = "kind: command\\nprogram: [{sys.executable}, -I, -S, measure.py]"
open_furnace(lines, Path({str(tmp_path)!r})).submit(order())
print("sent", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", planner], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "sent\n"
    wait_for(run_folder(tmp_path) / "program.pid")
    process.kill()
    process.communicate()
    assert lab.poll(["growth/1/1"])["growth/1/1"].state is DeviceState.STARTED
    assert lab.submit(order()).state is DeviceState.STARTED
    go.touch()
    assert end_of(lab).state is DeviceState.DONE


def test_where_keeper_and_program_were_killed_nobody_knows(opened: Open, tmp_path: Path) -> None:
    lab = opened("import time; time.sleep(100)")
    lab.submit(order())
    program = int(wait_for(run_folder(tmp_path) / "program.pid"))
    keeper = int(Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    os.kill(program, signal.SIGKILL)
    answer = end_of(lab)
    assert answer.state is DeviceState.UNKNOWN
    assert f"whether process {program} still runs" in answer.reason


def test_a_run_whose_planner_died_before_the_program_started_is_not_known(
    opened: Open, tmp_path: Path
) -> None:
    """And what never had a folder was never started: it is left out."""
    lab = opened()
    run_folder(tmp_path).mkdir(parents=True)
    assert lab.poll(["growth/1/1", "growth/2/1"]).keys() == {"growth/1/1"}
    assert lab.submit(order()).state is DeviceState.UNKNOWN


def test_an_order_that_is_too_old_is_refused(opened: Open, tmp_path: Path) -> None:
    late = replace(order(), not_after=datetime.now(UTC) - timedelta(seconds=1))
    assert opened().submit(late).state is DeviceState.REFUSED
    assert not run_folder(tmp_path).exists()


def test_a_stop_ends_what_runs_and_starts_nothing_until_it_is_cleared(
    opened: Open, tmp_path: Path
) -> None:
    lab = opened("import time; time.sleep(100)")
    lab.submit(order())
    wait_for(run_folder(tmp_path) / "program.pid")
    assert lab.heartbeat().state == "busy"
    assert lab.heartbeat().current_key == "growth/1/1"
    beat = lab.stop(by="ada", reason="smoke")
    assert (beat.state, beat.current_key) == ("stopped", "growth/1/1")  # it has its grace
    assert end_of(lab).state is DeviceState.ABORTED
    assert lab.heartbeat().current_key is None
    again = opened()
    with pytest.raises(LabUnavailable, match=r"is stopped: smoke \(ada\)"):
        again.submit(order(2))
    assert again.clear(clear_token="", by="ada", reason="aired").state == "ready"
    again.submit(order(2))
    assert end_of(again, 2).state is DeviceState.DONE


def test_a_stop_while_an_order_is_handed_over_starts_nothing(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the latch and the folder that a stop finds."""
    acts = tmp_path / "acts"
    lab, other = opened(f"open({str(acts)!r}, 'w').write('act')"), opened()
    write_job = CommandLab._write_job

    def stopped_meanwhile(self: CommandLab, run: Path, order: Order, body: bytes) -> None:
        other.stop(by="ada", reason="smoke")
        write_job(self, run, order, body)

    monkeypatch.setattr(CommandLab, "_write_job", stopped_meanwhile)
    with pytest.raises(LabUnavailable, match=r"is stopped: smoke \(ada\)"):
        lab.submit(order())
    assert not run_folder(tmp_path).exists()
    assert lab.poll(["growth/1/1"]) == {}
    assert not acts.exists()


def test_a_keeper_that_finds_an_abort_starts_no_program(opened: Open, tmp_path: Path) -> None:
    acts = tmp_path / "acts"
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "abort").touch()
    opened(f"open({str(acts)!r}, 'w').write('act')")
    program = [sys.executable, "-I", "-S", "measure.py"]
    assert keep(folder, {"program": program, "folder": str(tmp_path)})["how"] == "aborted"
    assert not acts.exists()


def test_a_key_of_another_ledger_is_refused_and_says_so(opened: Open, tmp_path: Path) -> None:
    """A campaign begun anew under its name repeats its keys, and its old runs are no results."""
    lab = opened()
    first = replace(order(), ledger="one")
    lab.submit(first)
    assert end_of(lab).ledger == "one"
    with pytest.raises(Refused, match=r"for another ledger.*begun anew.*another name"):
        lab.submit(replace(first, ledger="two"))
    assert lab.submit(first).state is DeviceState.DONE


def test_a_program_that_is_not_there_is_said_when_the_lab_is_opened(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("no program")
    for name, words in (("no-such-program", "is not there"), ("./plain.txt", "chmod")):
        with pytest.raises(InputError, match=words):
            open_furnace(f"kind: command\nprogram: [{name}]", tmp_path)


def test_no_shell_reads_the_arguments_and_no_secret_of_ours_reaches_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_TOKEN", "s3cret")
    monkeypatch.setenv("PLANNER_DATABASE_URL", "postgresql://planner:s3cret@db/lab")
    text = "import json, os, sys; print(json.dumps({'outcomes': {}, 'achieved': {}, " + (
        "'said': [sys.argv[1:], sorted(os.environ)]}))"
    )
    (tmp_path / "measure.py").write_text(text)
    odd = "$(touch broken); *"
    lines = f"kind: command\nprogram: [{sys.executable}, -I, measure.py, '{odd}']"
    lab = open_furnace(lines, tmp_path)
    assert isinstance(lab, CommandLab)
    lab.submit(order())
    assert end_of(lab).state is DeviceState.DONE
    said = json.loads((run_folder(tmp_path) / "stdout").read_text())["said"]
    assert said[0] == [odd]
    assert not [name for name in said[1] if name.startswith("PLANNER_")]
    assert not (tmp_path / "broken").exists()
    lab.close()


def test_a_program_is_named_in_the_file_as_a_list() -> None:
    spec = furnace("kind: command\nprogram: [bash, -c, 'exit 0']")
    assert spec.source.program == ("bash", "-c", "exit 0")  # type: ignore[union-attr]


def test_who_looks_while_a_program_is_being_started_sees_that_it_is_kept(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second driver asks at any time; that the run is unknown would put it in doubt."""
    lab, other = opened(), opened()
    start, seen = lab._start_keeper, []

    def look_and_start(run: Path, key: str, *, alive: int) -> None:
        seen.append(other.poll([key])[key].state)
        start(run, key, alive=alive)

    monkeypatch.setattr(lab, "_start_keeper", look_and_start)
    lab.submit(order())
    assert seen == [DeviceState.STARTED]
    assert end_of(other).state is DeviceState.DONE
    assert [each.name for each in lab._home.iterdir() if each.name.startswith(".new")] == []
