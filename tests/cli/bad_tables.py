"""Tables as people bring them back, and what is answered; the approved answers are one file."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from planner.errors import TableError
from planner.loop.sheets import How, answer_in_words, tell_table
from planner.tables import read_sheet
from tests.loop.bench_days import begun_day

PLAINLY = How()
APPROVED = Path(__file__).with_name("approved_rows.txt")

HEAD = """\
What a person is answered who tells a table, row by row. In each case trials 1 to 4 are in hand
(110, 120, 130, 140 degC), 5 is told (yield 62 percent, cubic; its size is still to come), 6 failed
by process, 7 runs at the robot. Below each title stands the table, then the answer and the exit
code.
"""


@dataclass(frozen=True)
class Case:
    """A table as it is brought back.

    Args:
        title: what is the matter with it.
        text: of the file.
        before: a table that was told before this one.
        how: it is told.
        encoding: of the file.
    """

    title: str
    text: str
    before: str | None = None
    how: How = PLAINLY
    encoding: str = "utf-8"


GOOD_TABLE = """\
trial,status,yield (percent),yield sd (percent),phase,note
1,done,81.5,1.5,cubic,
2,failed by process,,,,it all precipitated
3,failed by machine,,,,power cut
4,,,,,
"""


def cases() -> Iterator[Case]:
    """Yields every kind of table, the good ones first."""
    yield Case("A table as it should be", GOOD_TABLE)
    yield Case(
        "Semicolons, decimal commas, a byte-order mark, and columns in another order",
        "status;trial;yield (%);temperature achieved (K)\ndone;1;81,5;384,15\ndone;2;7,25;\n",
        encoding="utf-8-sig",
    )
    yield Case("The same told twice", GOOD_TABLE, before=GOOD_TABLE)
    yield Case("Nothing is filled in", "trial,status,yield\n1,,\n2,,\n6,,\n")
    yield Case(
        "What was measured the next day",
        "trial,size (um)\n5,0.041\n",
    )
    yield Case(
        "It was performed, and nothing is measured yet",
        "trial,status,humidity achieved\n1,done,44\n",
    )
    yield Case(
        "What nobody sets was measured: the humidity",
        "trial,humidity,yield\n1,44,50\n2,50,51\n",
    )
    yield Case(
        "Only remarks", "trial,yield,deviation,note\n1,,stirred by hand,\n2,,,smells of almonds\n"
    )
    yield Case(
        "Trials of one's own, one of them twice",
        "temperature (K),catalyst,humidity,yield,note\n400.15,P1-L1,44,33,\n400.15,P1-L1,44,35,\n"
        "388.15,P1-L1,44,61,from the old notebook\n",
    )
    own = "trial,temperature,catalyst,humidity,yield\n,127,P1-L1,44,33\n,127,P1-L1,44,33\n"
    yield Case("The same trials of one's own told again", own, before=own)
    yield Case(
        "A trial of one's own, with an outcome more than before",
        "temperature,catalyst,humidity,yield,size\n127,P1-L1,44,33,40\n",
        before="temperature,catalyst,humidity,yield\n127,P1-L1,44,33\n",
    )
    yield Case(
        "A trial of one's own without its settings, and one that nobody would propose",
        "temperature,catalyst,humidity,yield\n,P1-L1,44,33\n190,P1-L1,44,12\n",
    )
    yield Case(
        "A trial of one's own with the settings of one in hand",
        "temperature,catalyst,humidity,yield\n110,P1-L1,44,33\n",
    )
    yield Case(
        "Settings of one's own, and nothing told",
        "trial,temperature,catalyst,humidity,yield\n,127,P1-L1,44,\n",
    )
    yield Case("Below detection", 'trial,yield\n1,<LOD\n2,"<0,5 %"\n3,n.d.\n')
    yield Case("Not available", "trial,status,yield,phase\n1,done,n/a,cubic\n2,done,?,-\n")
    yield Case(
        "Given up", "trial,size,note\n5,lost,\n5,lost,the grid broke\n5,lost,the grid broke\n"
    )
    yield Case("Given up what was told", "trial,yield,note\n5,lost,spilled\n")
    yield Case("Another value for a told trial", "trial,yield,phase\n5,26,cubic\n1,50,\n")
    yield Case(
        "A correction",
        "trial,yield,note\n5,26,digits swapped\n",
        how=How(corrects=True),
    )
    yield Case(
        "Two corrections of one trial, and one of what was achieved",
        "trial,yield,temperature achieved\n5,26,116\n5,27,116\n",
        how=How(corrects=True, reason="the balance was off"),
    )
    yield Case("A correction without a reason", "trial,yield\n5,26\n", how=How(corrects=True))
    yield Case(
        "A corrected row, a new one, one that adds an outcome, one that failed, one told again",
        "trial,status,yield,phase,size,note\n5,done,26,cubic,,\n1,done,50,cubic,,\n2,done,,,7,\n"
        "3,failed by machine,,,,power cut\n4,done,70,,,balance\n",
        before="trial,status,yield\n2,done,44\n4,done,70\n",
        how=How(corrects=True, reason="digits swapped"),
    )
    yield Case(
        "Where nothing is corrected no reason is needed",
        "trial,yield,size\n5,62,41\n1,50,\n",
        how=How(corrects=True),
    )
    yield Case(
        "A new trial in two rows, where a table may correct",
        "trial,yield\n1,50\n1,51\n",
        how=How(corrects=True, reason="misread"),
    )
    yield Case(
        "A result of a trial that failed, with the note that says how it is known",
        "trial,yield,note\n6,12,found on the filter\n",
    )
    yield Case(
        "One trial twice, differently", "trial,yield\n1,50\n1,50\n1,51\n", how=How(is_partial=True)
    )
    yield Case("A trial that is none", "trial,yield\n99,50\nA1,51\n1.5,52\n")
    yield Case("A trial that a machine has", "trial,yield\n7,50\n")
    yield Case(
        "A trial that ended otherwise",
        "trial,status,yield,note\n6,done,50,\n5,failed by machine,,leak\n",
    )
    yield Case("A status that is none", "trial,status,yield\n1,ok,50\n")
    yield Case(
        "A failure without a reason, and one with a result",
        "trial,status,yield,note\n1,failed by machine,,\n2,failed by process,3,gelled\n",
    )
    yield Case("A value outside its bounds", "trial,yield,yield sd\n1,101,\n2,50,-1\n")
    yield Case("A class that is none", "trial,phase\n1,Cubic\n2,tetragonal\n")
    yield Case("Not a number", "trial,yield,yield sd\n1,about 50,\n2,50±2,\n3,,2\n4,#DIV/0!,\n")
    yield Case("A comma that can be either", "trial;yield;size\n5;;1,234\n")
    yield Case(
        "Excel made a date of it", "trial,yield,catalyst achieved\n1,2026-05-12,\n2,50,2026-02-01\n"
    )
    yield Case(
        "A unit behind a value", "trial,yield,temperature achieved\n1,0.5 g,\n2,50 %,385 K\n"
    )
    yield Case(
        "A letter O for a zero",
        "trial,yield,yield sd,temperature achieved\n1,5O,,\n2,50,1O,\n3,50,,12O\n4,50 foo,,\n",
    )
    yield Case("A deviation of zero", "trial,yield,yield sd\n1,50,0\n2,50,0.5\n")
    yield Case("A unit of another kind in a head", "trial,yield (g),size\n1,0.5,40\n")
    yield Case("A misspelt head", "trial,yeild\n1,50\n")
    yield Case("A column that is not known", "trial,yield,colour\n1,50,yellow\n")
    yield Case("Columns that tell nothing", "trial,temperature\n1,110\n")
    yield Case("What was achieved, and no status", "trial,temperature achieved,yield\n1,111,\n")
    yield Case(
        "Settings written over, or rows mixed up", "trial,temperature,yield\n1,120,50\n2,120,51\n"
    )
    yield Case(
        "The good rows of a table with errors",
        "trial,yield\n1,50\n2,<LOD\n3,51\n",
        how=How(is_partial=True),
    )


def say(case: Case, folder: Path) -> str:
    """Returns what is answered on a table, on a day of its own."""
    folder.mkdir()
    path = folder / "next.csv"
    with begun_day(folder) as session:
        if case.before is not None:
            path.write_text(case.before, encoding="utf-8")
            tell_table(session, read_sheet(path), folder=folder)
        path.write_bytes(case.text.encode(case.encoding))
        try:
            answer = tell_table(session, read_sheet(path), folder=folder, how=case.how)
        except TableError as error:
            return f"{error}\n(exit code {error.exit_code})"
    return f"{answer_in_words(answer)}\n(exit code {answer.exit_code})"


def say_all(folder: Path) -> str:
    """Returns all tables with what is answered."""
    parts = [HEAD]
    for number, case in enumerate(cases(), start=1):
        flags = [flag for flag, is_on in _flags(case.how) if is_on]
        title = case.title + (f" ({' '.join(flags)})" if flags else "")
        again = " (after the table was told before)" if case.before == case.text else ""
        if case.before is not None and case.before != case.text:
            again = f"\n\n{_indented(case.before)}\n\nand then"
        parts.append(
            f"## {title}{again}\n\n{_indented(case.text)}\n\n{say(case, folder / str(number))}\n"
        )
    return "\n".join(parts)


def _flags(how: How) -> list[tuple[str, bool]]:
    reason = f"--reason {how.reason!r}"
    return [
        ("--correct", how.corrects),
        (reason, bool(how.reason)),
        ("--partial", how.is_partial),
    ]


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        APPROVED.write_text(say_all(Path(made)), encoding="utf-8")
    sys.stdout.write(f"Wrote {APPROVED}. Read it through.\n")
