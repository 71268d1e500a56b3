"""A device whose act is a program: JSON in, JSON out, no shell."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from planner.device import Aborted, Control, Job, MachineFailed, ProcessFailed
from planner.device.acts import ProgramAct
from planner.trials import Result, Setting
from tests.device.devices import wait_for

JOB = Job(key="c/1/1", parameters={"T": Setting(value=60.0, unit="degC")})


def control() -> Control:
    return Control(
        keep_reading=lambda _: None,
        keep_pause=lambda *_: None,
        now=lambda: datetime(2026, 5, 4, tzinfo=UTC),
    )


def perform(
    folder: Path, *arguments: str, limit_s: float | None = None, by: Control | None = None
) -> Result:
    act = ProgramAct(arguments, folder=folder, limit_s=limit_s)
    return act.perform(JOB, by or control())


def test_the_job_comes_in_and_the_result_goes_out(tmp_path: Path) -> None:
    said = '{"outcomes": {"yield": {"value": 71.2, "unit": "percent"}}}'
    result = perform(tmp_path, "sh", "-c", f"cat > job.json; echo '{said}'")
    assert result.outcomes["yield"].value == 71.2
    job = (tmp_path / "job.json").read_text()
    assert '"parameters":{"T":{"value":60.0,"unit":"degC"}}' in job
    assert '"key":"c/1/1"' in job


def test_its_arguments_are_read_by_no_shell(tmp_path: Path) -> None:
    with pytest.raises(MachineFailed, match="no result"):
        perform(tmp_path, "echo", "$(touch broken); touch broken")
    assert not (tmp_path / "broken").exists()


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["sh", "-c", "echo valve stuck >&2; exit 3"], MachineFailed, "code 3: valve stuck"),
        (["./no-such-program"], MachineFailed, "cannot be started"),
        (["echo", "hello"], MachineFailed, "'hello\\n', which is no result"),
        (["true"], MachineFailed, "which is no result"),
        (["echo", '{"outcomes": 7}'], MachineFailed, "which is no result"),
        (["echo", '{"failed": "process", "reason": "soot"}'], ProcessFailed, "soot"),
        (["echo", '{"failed": "machine"}'], MachineFailed, "no reason"),
    ],
)
def test_each_way_to_fail_is_told(
    tmp_path: Path, arguments: list[str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        perform(tmp_path, *arguments)
    assert said in str(caught.value).replace("\\\\n", "\\n")


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(MachineFailed, match=r"limit of 0.1 s"):
        perform(tmp_path, "sh", "-c", "sleep 60 & wait", limit_s=0.1)


def test_it_is_ended_when_it_should_abort(tmp_path: Path) -> None:
    by = control()
    ends: list[Exception] = []

    def run() -> None:
        try:
            perform(tmp_path, "sh", "-c", "touch started; sleep 60 & wait", by=by)
        except Aborted as error:
            ends.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for((tmp_path / "started").exists, "the program")
    by.ask_to_abort("leak")
    thread.join(20)
    assert [str(error) for error in ends] == ["leak"]
