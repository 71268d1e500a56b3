"""What is typed wrong: a text that says what happened, where, and what to do; never a traceback.

In this process, from ``main`` on; that real processes end alike is seen in the other files.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from planner.cli import records
from tests.cli.conftest import Typed
from tests.cli.desks import write_flow

# what is typed, the exit code, and words that the text must hold
BEFORE_IT_BEGAN = {
    "a command that is none": ("chekc flow.yaml", 2, ["No such command 'chekc'", "'check'"]),
    "no file": ("check", 2, ["Missing argument", "--help"]),
    "a file that is not there": (
        "check flwo.yaml",
        2,
        ["There is no file flwo.yaml in ", "planner new flwo.yaml"],
    ),
    "a file with mistakes": ("check bad.yaml", 2, ["bad.yaml has 2 mistakes", "line 5", "line 9"]),
    "a status before the start": (
        "status flow.yaml",
        2,
        ["Campaign 'flow' has not begun", "flow.planner"],
    ),
    "a report before the start": (
        "report flow.yaml",
        2,
        ["Campaign 'flow' has not begun", "flow.planner"],
    ),
    "an export before the start": (
        "export flow.yaml",
        2,
        ["Campaign 'flow' has not begun", "flow.planner"],
    ),
    "a question before the start": ("what-if flow.yaml temperature=80", 2, ["has not begun"]),
    "a result before the start": ("tell flow.yaml 1 yield=80", 2, ["has not begun"]),
    "an approval before the start": ("approve flow.yaml 1", 2, ["has not begun"]),
    "an abortion before the start": ("abort flow.yaml 1 --reason leak", 2, ["has not begun"]),
    "a verdict before the start": (
        "resolve flow.yaml 1 partly --reason leak",
        2,
        ["has not begun"],
    ),
    "a backup before the start": ("backup flow.yaml copy.db", 2, ["has not begun"]),
    "an engine that is none": ("run flow.yaml --engine steam", 2, ["--engine", "'inline'"]),
    "a table that is not there": (
        "import flow.yaml old.csv",
        2,
        ["no table old.csv"],
    ),
    "a table without a parameter": (
        "import flow.yaml short.csv",
        2,
        ["no column for residence", "Its columns are temperature, yield"],
    ),
    "a table with bad rows": (
        "import flow.yaml bad.csv",
        2,
        ["Nothing was imported; 2 rows", "line 2: ", "line 3: outcome 'yield' is 130 percent"],
    ),
    "a table with a deviation of zero": (
        "import flow.yaml sure.csv",
        2,
        ["line 2: outcome 'yield' has the deviation 0", "above 0"],
    ),
    "no trial at all": ("ask flow.yaml -n 0", 2, ["-n"]),
    "a folder that is not there": ("ask flow.yaml --csv no/next.csv", 2, ["no folder no"]),
}

AFTER_IT_BEGAN = {
    "a trial that is none": ("tell flow.yaml 7 yield=80", 2, ["no trial 7"]),
    "no outcome and no failure": ("tell flow.yaml 1", 2, ["NAME=VALUE", "--failed"]),
    "neither a trial nor a table": (
        "tell flow.yaml abc yield=80",
        2,
        ["abc is neither the number of a trial nor a table", "such as 7"],
    ),
    "a table with an outcome beside it": ("tell flow.yaml bad.csv yield=80", 2, ["is a table"]),
    "a deviation of zero": (
        "tell flow.yaml 1 yield=80+-0",
        2,
        ["'yield' has the deviation 0", "above 0", "Nothing was"],
    ),
    "a letter O for a zero": ("tell flow.yaml 1 yield=8O", 2, ["letter O stands for a zero"]),
    "an outcome that is none": ("tell flow.yaml 1 purity=80", 2, ["'purity'", "only yield"]),
    "an outcome out of bounds": (
        "tell flow.yaml 1 yield=130",
        2,
        ["Trial 1: outcome 'yield' is 130 percent, outside its bounds 0 to 100", "Nothing was"],
    ),
    "an outcome that is no number": ("tell flow.yaml 1 yield=lots", 2, ["'lots'", "number"]),
    "an outcome in a wrong unit": ("tell flow.yaml 1 yield=80K", 2, ["K", "percent"]),
    "no assignment": ("tell flow.yaml 1 80", 2, ["'80' is no assignment", "yield=81.5"]),
    "a failure without a reason": ("tell flow.yaml 1 --failed machine", 2, ["--reason"]),
    "an approval of what does not wait": ("approve flow.yaml 1", 4, ["Trial 1 is running"]),
    "a rejection without a reason": ("approve flow.yaml 1 --reject", 2, ["--reason"]),
    "a verdict where there is no doubt": (
        "resolve flow.yaml 1 no-result --reason leak",
        4,
        ["Trial 1 is running, not in doubt"],
    ),
    "a verdict that is none": ("resolve flow.yaml 1 maybe --reason leak", 2, ["'partly'"]),
    "an abortion without a reason": ("abort flow.yaml 1", 2, ["--reason"]),
    "more trials than the budget": ("ask flow.yaml -n 9", 4, ["admits 3 more trials, not 9"]),
    "a question that is none": ("what-if flow.yaml 130", 2, ["'130'", "temperature=130"]),
    "a question about nothing known": ("what-if flow.yaml colour=3", 2, ["'colour'"]),
    "an export into no folder": ("export flow.yaml --to no/t.csv", 2, ["no folder no", "Make it"]),
    "a backup over another": ("backup flow.yaml flow.csv", 2, ["flow.csv exists"]),
    "a campaign that is none": ("status flow.yaml --as other", 2, ["other.planner"]),
}

BAD = """schema: 1
campaign: bad
parameters:
  temperature: {low: 60, high: 120, unit: degC}
  residence: {low: 30, high: 5, unit: min}
outcomes:
  yield: {unit: percent}
objectives:
  - {aim: maximise, outcome: yeild}
sources:
  bench: {kind: person}
budget: {trials: 5}
"""


def check_words(said: str, words: list[str]) -> None:
    flat = " ".join(said.split())
    missing = [each for each in words if each not in flat]
    assert not missing, f"{missing} in: {said}"
    assert "Traceback" not in said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_flow(tmp_path)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "short.csv").write_text("temperature,yield\n60,5\n")
    (tmp_path / "sure.csv").write_text("temperature,residence,yield,yield sd\n60,5,20,0\n")
    (tmp_path / "bad.csv").write_text("temperature,residence,yield\nhot,5,20\n60,5,130\n")
    return tmp_path


@pytest.mark.parametrize("case", BEFORE_IT_BEGAN)
def test_before_a_campaign_began_what_is_wrong_is_said(
    case: str, typed: Typed, folder: Path
) -> None:
    arguments, code, words = BEFORE_IT_BEGAN[case]
    ended = typed(*arguments.split())
    assert ended.code == code
    assert ended.out == ""
    check_words(ended.err, words)


def test_after_it_began_what_is_wrong_is_said_and_nothing_is_written(
    typed: Typed, folder: Path
) -> None:
    typed("ask", "flow.yaml", "-n", "2")
    assert "Trials: 2 running; the budget admits 3 more." in typed("status", "flow.yaml").out
    rows = typed("export", "flow.yaml", "--json").facts["rows"]
    assert [each["trial"] for each in rows] == [1, 2]
    before = typed("export", "flow.yaml", "--entries").out
    for case, (arguments, code, words) in AFTER_IT_BEGAN.items():
        ended = typed(*arguments.split())
        assert ended.code == code, f"{case}: {ended}"
        assert ended.out == "", case
        check_words(ended.err, words)
    assert typed("export", "flow.yaml", "--entries").out == before


def test_debug_shows_the_traceback_of_an_error(typed: Typed, folder: Path) -> None:
    from planner.errors import InputError

    with pytest.raises(InputError, match="has not begun"):
        typed("--debug", "status", "flow.yaml")


def test_a_mistake_of_ours_is_called_one(
    typed: Typed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("wheels came off")

    typed("import", "flow.yaml", "flow.csv")
    monkeypatch.setattr(records, "write_file", fail)
    ended = typed("export", "flow.yaml", "--entries", "--to", "t.csv")
    assert ended.code == 70
    check_words(ended.err, ["mistake of ours", "RuntimeError: wheels came off", "--debug"])


def test_an_interrupted_command_ends_with_130(
    typed: Typed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    typed("import", "flow.yaml", "flow.csv")
    monkeypatch.setattr(records, "write_file", interrupt)
    assert typed("export", "flow.yaml", "--entries", "--to", "t.csv").code == 130


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://planner:s3cret@127.0.0.1:1/lab",
        "postgresql+psycopg://planner:s3cret@127.0.0.1:1/lab?sslmode=disable",
        "nosuchthing://planner:s3cret@127.0.0.1/lab",
        "postgresql://planner:s3cret@[bad/lab",
    ],
)
def test_a_password_of_the_shared_ledger_is_never_shown(
    url: str, typed: Typed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_DATABASE_URL", url)
    for arguments in ("status flow.yaml", "import flow.yaml flow.csv"):
        ended = typed(*arguments.split())
        assert ended.code in (2, 4)
        assert ended.err.strip()
        assert "s3cret" not in ended.out + ended.err
