"""Campaign files with mistakes, each a change of one good file, and what the planner says to them.

``python -m tests.campaign.bad_files`` writes what is said now to approved_errors.txt, for a person
to read through before it is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from planner.campaign import parse_campaign, read_campaign
from planner.errors import CampaignFileError

APPROVED = Path(__file__).with_name("approved_errors.txt")

GOOD = """\
campaign: growth
parameters:
  temperature: {low: 500, high: 900, unit: degC}
  catalyst: {choices: [iron, nickel, cobalt]}
  flow: {low: 1, high: 100, unit: sccm}
outcomes:
  length: {unit: um, bounds: [0, 1000]}
objectives:
  - {aim: maximise, outcome: length}
sources:
  furnace: {kind: person}
budget: {trials: 20}
"""

# title, lines of the good file to replace (none: what follows is added), and by what
CHANGES: list[tuple[str, str, str]] = [
    ("a name that is misspelt", "parameters:", "paramters:"),
    ("a key that belongs to nothing", "unit: degC}", "unit: degC, colour: red}"),
    ("a key of another kind of parameter", "cobalt]}", "cobalt], low: 3}"),
    ("a part that is missing", "budget: {trials: 20}\n", ""),
    ("a bound that is missing", "low: 500, ", ""),
    ("a part that is empty", "budget: {trials: 20}", "budget:"),
    ("a value that is empty", "low: 500", "low: "),
    ("text for a number", "low: 500", "low: hot"),
    ("a truth for a number", "low: 500", "low: true"),
    ("a number in quotes", "low: 500", "low: '500'"),
    ("a number with a decimal comma", "low: 500", "low: '500,5'"),
    ("no number at all", "low: 500", "low: .nan"),
    ("an endless number", "high: 900", "high: .inf"),
    ("a number that is far too large", "high: 900", "high: 1e400"),
    ("a value of another dimension", "low: 500", "low: 5 min"),
    ("bounds in the wrong order", "low: 500, high: 900", "low: 900, high: 500"),
    ("bounds that leave nothing", "low: 500, high: 900", "low: 500, high: 500"),
    ("a unit that does not exist", "unit: degC", "unit: degX"),
    ("a unit with two meanings", "unit: degC", "unit: C"),
    ("a unit that is a number", "unit: um", "unit: 5"),
    ("a log scale of degrees Celsius", "unit: degC", "unit: degC, scale: log"),
    ("a log scale from zero", "low: 1, high: 100", "low: 0, high: 100, scale: log"),
    ("a scale that does not exist", "unit: degC", "unit: degC, scale: lgo"),
    ("a resolution of zero", "unit: degC", "unit: degC, resolution: 0"),
    ("a resolution wider than the range", "unit: degC", "unit: degC, resolution: 500"),
    ("a resolution of another dimension", "unit: degC", "unit: degC, resolution: 5 s"),
    ("a kind that does not exist", "unit: degC", "unit: degC, kind: continous"),
    ("a parameter that is a number", "{low: 1, high: 100, unit: sccm}", "5"),
    ("a parameter that is a list", "{low: 1, high: 100, unit: sccm}", "[1, 100]"),
    ("parameters that are a list", "  flow: {low", "  - flow: {low"),
    ("a single choice", "[iron, nickel, cobalt]", "[iron]"),
    ("a choice listed twice", "[iron, nickel, cobalt]", "[iron, iron]"),
    ("choices that are numbers", "[iron, nickel, cobalt]", "[1, 2]"),
    ("choices that are truths", "[iron, nickel, cobalt]", "[true, false]"),
    ("choices that are one word", "[iron, nickel, cobalt]", "iron"),
    ("a value listed twice", "low: 1, high: 100", "values: [1, 2, 2]"),
    ("whole numbers with fractions", "low: 1, high: 100", "kind: integer, low: 0.5, high: 9"),
    ("a parameter's name that is no name", "  flow:", "  gas flow:"),
    ("another name inside", "low: 1,", "name: gas, low: 1,"),
    ("the same parameter twice", "  flow:", "  temperature:"),
    ("a campaign's name that is no name", "campaign: growth", "campaign: my growth!"),
    ("a campaign's name that is a number", "campaign: growth", "campaign: 2026"),
    ("an outcome that is also a parameter", "length", "flow"),
    ("an outcome's kind that does not exist", "unit: um", "unit: um, kind: curve"),
    ("a bound too few", "bounds: [0, 1000]", "bounds: [0]"),
    ("a bound too many", "bounds: [0, 1000]", "bounds: [0, 10, 1000]"),
    ("impossible bounds", "bounds: [0, 1000]", "bounds: [1000, 0]"),
    ("bounds that are a number", "bounds: [0, 1000]", "bounds: 1000"),
    ("an expectation of the impossible", "[0, 1000]", "[0, 1000], expected: [-5, 20]"),
    ("noise below zero", "unit: um", "unit: um, noise: -1"),
    ("an aim that does not exist", "aim: maximise", "aim: maximize"),
    ("an objective without an aim", "aim: maximise, ", ""),
    ("an objective of no outcome", "outcome: length", "outcome: width"),
    (
        "two objectives",
        "length}\nsources",
        "length}\n  - {aim: minimise, outcome: length}\nsources",
    ),
    ("no objective", "\n  - {aim: maximise, outcome: length}", " []"),
    ("an objective that is no list", "\n  - {aim: maximise,", " {aim: maximise,"),
    ("a target without a tolerance", "aim: maximise", "aim: target, target: 40"),
    ("a goal that is impossible", "aim: maximise", "aim: maximise, goal: 2000"),
    ("a range the wrong way round", "aim: maximise", "aim: range, low: 9, high: 2"),
    ("a source's kind that does not exist", "kind: person", "kind: persn"),
    ("a source without a kind", "{kind: person}", "{cost: 3}"),
    ("two sources", "{kind: person}", "{kind: person}\n  lamp: {kind: person}"),
    ("a time without a unit", "kind: person", "kind: person, duration: '20'"),
    ("a time that is a length", "kind: person", "kind: person, duration: 20 nm"),
    ("a time of zero", "kind: person", "kind: person, duration: 0 h"),
    ("half a trial at once", "kind: person", "kind: person, capacity: 0.5"),
    ("a simulator without a name", "kind: person", "kind: simulator"),
    ("a table without columns", "kind: person", "kind: table, table: {path: a.csv}"),
    (
        "a table whose columns are not places",
        "kind: person",
        "kind: table, table: {path: a.csv, columns: {temperature: true, flow: 0, length: {}}}",
    ),
    (
        "a table that lacks columns, and is not the candidates",
        "kind: person",
        "kind: table, table: {path: a.csv, columns: {temperature: 1, flow: 2}}",
    ),
    (
        "columns in units that are unknown, or of another dimension",
        "kind: person}",
        "kind: table, table: {path: a.csv, columns: {temperature: {column: 1, unit: degX}, "
        "flow: {column: 2, unit: min}, catalyst: 3, length: 4}}}\ncandidates: {source: furnace}",
    ),
    ("candidates from nowhere", "budget:", "candidates: {source: shelf}\nbudget:"),
    ("candidates of a source without a table", "budget:", "candidates: {source: furnace}\nbudget:"),
    ("candidates that are not said", "budget:", "candidates: {}\nbudget:"),
    ("a budget without a limit", "{trials: 20}", "{}"),
    ("a budget of nothing", "trials: 20", "trials: 0"),
    ("a budget of money for what costs nothing", "trials: 20", "cost: 500"),
    ("a start beyond the budget", "budget:", "policy: {start: 30}\nbudget:"),
    (
        "a setting of the other acquisition",
        "budget:",
        "policy: {acquisition: log_nei, beta: 2}\nbudget:",
    ),
    ("a goal to be met that is not stated", "budget:", "stop: {goal_probability: 0.9}\nbudget:"),
    ("a probability above one", "budget:", "stop: {goal_probability: 90}\nbudget:"),
    (
        "a sum over nothing known",
        "budget:",
        "constraints: [{weights: {x: 1}, at_most: 3}]\nbudget:",
    ),
    (
        "a sum over a category",
        "budget:",
        "constraints: [{weights: {catalyst: 1}, at_most: 3}]\nbudget:",
    ),
    (
        "a sum over a log scale",
        "high: 100, unit: sccm}",
        "high: 100, scale: log}\nconstraints: [{weights: {flow: 1}, at_most: 50}]",
    ),
    ("a sum without a limit", "budget:", "constraints: [{weights: {flow: 1}}]\nbudget:"),
    (
        "a sum that is fixed",
        "budget:",
        "constraints: [{weights: {flow: 1}, at_least: 9, at_most: 9}]\nbudget:",
    ),
    (
        "a sum that cannot be reached",
        "budget:",
        "constraints: [{weights: {flow: 1}, at_least: 300}]\nbudget:",
    ),
    ("a newer file", "campaign: growth", "schema: 2\ncampaign: growth"),
    ("an impossible schema", "campaign: growth", "schema: one\ncampaign: growth"),
    ("a seed below zero", "campaign: growth", "seed: -1\ncampaign: growth"),
    ("a bracket that is not closed", "unit: degC}", "unit: degC"),
    ("a colon without a space", "budget: {trials: 20}", "budget:{trials: 20}"),
    ("indentation by chance", "  flow:", "   flow:"),
    ("a tab", "  flow:", "\tflow:"),
    ("an alias", "unit: degC}", "unit: &u degC}\n  x: *u"),
    ("a tag of a programming language", "low: 500", "low: !!python/object:os.system 1"),
    ("a tag that does not fit", "low: 500", "low: !!int hot"),
    ("a key that is a list", "campaign: growth", "campaign: growth\n? [a, b]\n: 3"),
    ("a control character", "campaign: growth", "campaign: gro\x07wth"),
    ("two files in one", "campaign: growth", "campaign: growth\n---\ncampaign: other"),
    ("a file nested too deep", "low: 500", "low: " + "[" * 10_000),
]

WHOLE_FILES: list[tuple[str, bytes]] = [
    ("an empty file", b""),
    ("a file of comments", b"# nothing yet\n"),
    ("a list", b"- a\n- b\n"),
    ("a word", b"growth\n"),
    ("a file that is not UTF-8", "campaign: gr\xf6\xdfe\n".encode("latin-1")),
    ("a file that is UTF-16", "campaign: growth\n".encode("utf-16")),
    (
        "a file with mistakes everywhere",
        b"""\
campaign: first try
parameters:
  temperature: {low: 900, high: 500, unit: degX}
  catalyst: {choices: [on, off, 5]}
  time: {low: 1, high: 2, scale: lgo, unit: min}
outcomes:
  yield: {unit: percent, bounds: [0], expected: [0, 100]}
objectives:
  - {aim: minimise, outcome: yeild}
constraints:
  - {weights: {temperature: 1, tme: 1}, at_most: 4}
sources:
  lab: {kind: person, duration: 4 parsecs}
policy: {start: 5.5}
budget: {trials: many}
""",
    ),
]


def bad_files() -> Iterator[tuple[str, bytes]]:
    """Each with its title."""
    for title, old, new in CHANGES:
        assert old in GOOD, title
        yield title, GOOD.replace(old, new).encode()
    yield from WHOLE_FILES


def say(content: bytes, folder: Path) -> str:
    """What the planner says to a bad file."""
    path = folder / "growth.yaml"
    path.write_bytes(content)
    try:
        read_campaign(path)
    except CampaignFileError as error:
        return str(error).replace(str(path), path.name)
    raise AssertionError("the file is not bad")


def say_all(folder: Path) -> str:
    """Everything that is said, with titles."""
    parts = [f"== {title}\n{say(content, folder)}\n" for title, content in bad_files()]
    return "\n".join(parts)


if __name__ == "__main__":
    import tempfile

    parse_campaign(GOOD, path="good")
    with tempfile.TemporaryDirectory() as name:
        APPROVED.write_text(say_all(Path(name)), encoding="utf-8")
