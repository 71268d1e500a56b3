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

# Places where the good file is added to.
_FLOW = "{low: 1, high: 100, unit: sccm}"
_LENGTH = "bounds: [0, 1000]}"
_AIM = "{aim: maximise, outcome: length}"
_SOURCE = "{kind: person}"
_BUDGET = "budget:"


def _parameter(text: str) -> tuple[str, str]:
    return _FLOW, f"{_FLOW}\n  {text}"


def _outcome(text: str) -> tuple[str, str]:
    return _LENGTH, f"{_LENGTH}\n  {text}"


def _curve(text: str) -> tuple[str, str]:
    """A spectrum, and what is computed from it."""
    return _outcome(f"spectrum: {{kind: curve, unit: OD, x_unit: nm}}\n  peak: {text}")


def _rule(text: str) -> tuple[str, str]:
    return _BUDGET, f"constraints: [{text}]\n{_BUDGET}"


def _person(text: str) -> tuple[str, str]:
    return _SOURCE, f"{{kind: person, {text}}}"


def _sensor(text: str) -> tuple[str, str]:
    return _BUDGET, f"sensors: {text}\n{_BUDGET}"


def _knots(text: str) -> tuple[str, str]:
    return _parameter(f"ramp: {{unit: degC, {text}}}")


def _with_parameters(text: str, *, person: str) -> tuple[str, str]:
    """Parameters, and a person who has something to do with them."""
    part = GOOD[GOOD.index(_FLOW) : GOOD.index(_BUDGET)]
    return part, part.replace(_FLOW, f"{_FLOW}\n  {text}").replace(
        _SOURCE, f"{{kind: person, {person}}}"
    )


def _second_source(text: str) -> tuple[str, str]:
    return _SOURCE, f"{_SOURCE}\n  {text}"


def _http(text: str) -> tuple[str, str]:
    return _SOURCE, f"{{kind: http, {text}}}"


def _mapped(text: str) -> tuple[str, str]:
    return _http(f"url: https://furnace.lab, map: {{{text}}}")


def _read(text: str) -> tuple[str, str]:
    return _http(f"url: https://furnace.lab, outcomes: {{{text}}}")


def _mqtt(text: str) -> tuple[str, str]:
    return _SOURCE, f"{{kind: mqtt, {text}}}"


def _command(text: str) -> tuple[str, str]:
    return _SOURCE, f"{{kind: command, {text}}}"


def _approvals(*rules: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    for title, rule in rules:
        yield title, _BUDGET, f"policy:\n  approval:\n    {rule}\n{_BUDGET}"


def _ways(*ways: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    for title, way in ways:
        yield title, _BUDGET, f"alerts:\n  ways:\n    phone: {way}\n{_BUDGET}"


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
    ("an order of one name", *_parameter("grain: {levels: [coarse]}")),
    ("a name twice in an order", *_parameter("grain: {levels: [coarse, fine, coarse]}")),
    ("a constant that is empty", *_parameter("gas: {value: }")),
    ("a constant of another dimension", *_parameter("time: {value: 5 nm, unit: min}")),
    (
        "a component that may be absent from 0 on",
        *_parameter("dye: {low: 0, high: 5, optional: true}"),
    ),
    ("an absent temperature", *_parameter("oil: {low: 20, high: 90, unit: degC, optional: true}")),
    ("a choice that lacks a descriptor", *_parameter("oil: {choices: {a: {p: 1}, b: {q: 2}}}")),
    ("choices that are described alike", *_parameter("oil: {choices: {a: {p: 1}, b: {p: 1}}}")),
    (
        "two choices that nothing tells apart",
        *_parameter("oil: {choices: {a: {p: 1}, b: {p: 2}, c: {p: 2}}}"),
    ),
    ("a descriptor that is a word", *_parameter("oil: {choices: {a: {p: 1}, b: {p: high}}}")),
    ("a profile without knots", *_knots("knots: []")),
    (
        "a profile in which nothing is free",
        *_knots("knots: [{at: 0, value: 25}, {at: 9, value: 400}]"),
    ),
    (
        "a knot without a value, and one with a key that is misspelt",
        *_knots("knots: [{at: 0}, {at: {low: 9, high: 30}, valu: 400}]"),
    ),
    (
        "a knot whose bounds are the wrong way round",
        *_knots("knots: [{at: 0, value: 25}, {at: {low: 30, high: 9}, value: 400}]"),
    ),
    (
        "a knot in another dimension",
        *_knots("knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400 nm}]"),
    ),
    (
        "knots out of order",
        *_knots("knots: [{at: 40, value: 25}, {at: {low: 9, high: 30}, value: 400}]"),
    ),
    (
        "a ramp that is too steep",
        *_knots("max_rate: 10, knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]"),
    ),
    (
        "a rate that is none",
        *_knots("max_rate: 5 K, knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]"),
    ),
    (
        "a rate of steps",
        *_knots(
            "max_rate: 5, interpolation: step, "
            "knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]"
        ),
    ),
    (
        "times in a unit of length",
        *_knots("time_unit: nm, knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]"),
    ),
    (
        "a knot's name that is taken",
        *_knots(
            "knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]}\n"
            "  ramp_2_time: {value: 3"
        ),
    ),
    (
        "nothing to choose",
        GOOD[GOOD.index("  temperature") : GOOD.index("outcomes")],
        "  temperature: {value: 600, unit: degC}\n"
        "  humidity: {kind: contextual, low: 20, high: 60}\n",
    ),
    ("a parameter's name that is no name", "  flow:", "  gas flow:"),
    ("another name inside", "low: 1,", "name: gas, low: 1,"),
    ("the same parameter twice", "  flow:", "  temperature:"),
    ("a campaign's name that is no name", "campaign: growth", "campaign: my growth!"),
    ("a campaign's name that is a number", "campaign: growth", "campaign: 2026"),
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
        "a sum that cannot be reached",
        "budget:",
        "constraints: [{weights: {flow: 1}, at_least: 300}]\nbudget:",
    ),
    ("a sum that says nothing", *_rule("{weights: {flow: 0}, at_most: 5}")),
    ("a sum with limits and a value", *_rule("{weights: {flow: 1}, equals: 3, at_most: 5}")),
    ("limits in the wrong order", *_rule("{weights: {flow: 1}, at_least: 5, at_most: 3}")),
    ("a rule that is misspelt", *_rule("{wieghts: {flow: 1}, at_most: 3}")),
    ("a rule of no kind", *_rule("{at_most: 3}")),
    ("a rule of two kinds", *_rule("{weights: {flow: 1}, count: [flow], at_most: 3}")),
    ("a mixture of one", *_rule("{mixture: [flow], total: 100}")),
    ("a mixture with a component twice", *_rule("{mixture: [flow, flow], total: 100}")),
    ("a mixture of units", *_rule("{mixture: [flow, temperature], total: 100}")),
    ("a mixture with a name in it", *_rule("{mixture: [flow, catalyst], total: 100}")),
    ("a mixture of nothing known", *_rule("{mixture: [flow, flwo], total: 100}")),
    ("more components than there are", *_rule("{count: [flow], at_least: 2}")),
    ("a formula that ends early", *_rule("{expression: flow * (temperature + , at_most: 9}")),
    ("a formula of a name", *_rule("{expression: catalyst ** 2, at_most: 9}")),
    ("a formula of nothing known", *_rule("{expression: ln(flw), at_most: 9}")),
    ("a formula that is a number", *_rule("{expression: '3 + 4', at_most: 9}")),
    ("a formula that calls something", *_rule("{expression: open(flow), at_most: 9}")),
    ("an exclusion of nothing", *_rule("{exclude: {}}")),
    ("an exclusion of nothing known", *_rule("{exclude: {catlyst: iron}}")),
    ("an exclusion of another name", *_rule("{exclude: {catalyst: gold}}")),
    ("an exclusion of what cannot be", *_rule("{exclude: {flow: 500}}")),
    ("an exclusion with limits that are misspelt", *_rule("{exclude: {flow: {at_last: 3}}}")),
    ("an exclusion of everything", *_rule("{exclude: {catalyst: [iron, nickel, cobalt]}}")),
    (
        "sums that contradict each other, which is proven",
        *_rule(
            "{weights: {flow: 1, temperature: 1}, at_least: 900}, "
            "{weights: {temperature: 2}, at_most: 1400}"
        ),
    ),
    (
        "a formula that cannot be met, which is searched",
        *_rule("{expression: 1 / flow, at_least: 3}"),
    ),
    ("an outcome that is also a parameter", "length", "flow"),
    ("an outcome's kind that does not exist", "unit: um", "unit: um, kind: curv"),
    ("a class of one name", *_outcome("phase: {kind: class, classes: [pure]}")),
    ("a class without names", *_outcome("phase: {kind: class}")),
    ("a class with bounds", *_outcome("phase: {kind: class, classes: [a, b], bounds: [0, 1]}")),
    ("a curve over an unknown unit", *_outcome("spectrum: {kind: curve, x_unit: nmm}")),
    ("a file with a unit", *_outcome("image: {kind: image, unit: nm}")),
    ("a reduction of nothing", *_outcome("peak: {reduce: spectrum, by: peak_position, unit: nm}")),
    ("a reduction of a number", *_outcome("peak: {reduce: length, by: mean, unit: um}")),
    ("a reduction without a rule", *_outcome("peak: {reduce: length}")),
    ("a reduction of another kind", *_curve("{reduce: spectrum, by: mean, unit: nm}")),
    ("a reduction that is misspelt", *_curve("{reduce: spectrum, by: peak_postion, unit: nm}")),
    ("a reduction to another unit", *_curve("{reduce: spectrum, by: peak_position, unit: K}")),
    (
        "a reduction with limits out of order",
        *_curve("{reduce: spectrum, by: {name: centroid, from: 600, to: 400}, unit: nm}"),
    ),
    (
        "a reduction with limits in another unit",
        *_curve("{reduce: spectrum, by: {name: centroid, from: 400 K}, unit: nm}"),
    ),
    (
        "a reduction that lacks what it needs",
        *_curve("{reduce: spectrum, by: value_at, unit: OD}"),
    ),
    ("a reduction without a name", *_curve("{reduce: spectrum, by: {from: 400}, unit: nm}")),
    (
        "a target that is no curve",
        *_curve("{reduce: spectrum, by: {name: distance, target: {path: t.csv, columns: {x: 1}}}}"),
    ),
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
    ("a gain that nothing can bring", "aim: maximise", "aim: maximise, gain: 2000"),
    (
        "a tolerance that lets everything hit",
        "aim: maximise",
        "aim: target, target: 400, tolerance: 600",
    ),
    ("a range of all that is possible", "aim: maximise", "aim: range, low: 0, high: 1000"),
    ("a remaining gain beyond the bounds", "budget:", "stop: {remaining_gain: 1000}\nbudget:"),
    ("noise wider than the bounds", "unit: um", "unit: um, noise: 501"),
    ("a class to be found in a number", "aim: maximise", "aim: class, wanted: [pure]"),
    (
        "a class that is to be as high as possible",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}",
        f"{_LENGTH}\n  phase: {{kind: class, classes: [pure, mixed]}}\nobjectives:\n"
        "  - {aim: maximise, outcome: phase}",
    ),
    (
        "a wanted class that does not exist",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}",
        f"{_LENGTH}\n  phase: {{kind: class, classes: [pure, mixed]}}\nobjectives:\n"
        "  - {aim: class, outcome: phase, wanted: [pur]}",
    ),
    (
        "every class wanted",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}",
        f"{_LENGTH}\n  phase: {{kind: class, classes: [pure, mixed]}}\nobjectives:\n"
        "  - {aim: class, outcome: phase, wanted: [pure, mixed]}",
    ),
    (
        "a curve that is to be as high as possible",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}",
        f"{_LENGTH}\n  spectrum: {{kind: curve}}\nobjectives:\n"
        "  - {aim: maximise, outcome: spectrum}",
    ),
    (
        "a picture that is to be as high as possible",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}",
        f"{_LENGTH}\n  look: {{kind: image}}\nobjectives:\n  - {{aim: maximise, outcome: look}}",
    ),
    ("a range the wrong way round", "aim: maximise", "aim: range, low: 9, high: 2"),
    ("a source's kind that does not exist", "kind: person", "kind: persn"),
    ("a source without a kind", "{kind: person}", "{cost: 3}"),
    ("two sources that run trials", *_second_source("lamp: {kind: person}")),
    ("no source that runs trials", _SOURCE, "{kind: analysis, measures: [length]}"),
    ("an objective that no source measures", _SOURCE, "{kind: analysis, measures: [width]}"),
    ("an analysis of nothing known", *_second_source("sem: {kind: analysis, measures: [lengh]}")),
    (
        "an analysis of the same twice",
        *_second_source("sem: {kind: analysis, measures: [length, length]}"),
    ),
    (
        "two analyses of the same",
        *_second_source(
            "sem: {kind: analysis, measures: [length]}\n  tem: {kind: analysis, measures: [length]}"
        ),
    ),
    (
        "an analysis of what is computed",
        f"{_LENGTH}\nobjectives:\n  - {_AIM}\nsources:\n  furnace: {_SOURCE}",
        f"{_LENGTH}\n  sizes: {{kind: distribution, unit: nm}}\n"
        f"  size: {{reduce: sizes, by: mean, unit: nm}}\nobjectives:\n  - {_AIM}\nsources:\n"
        f"  furnace: {_SOURCE}\n  sem: {{kind: analysis, measures: [size]}}",
    ),
    (
        "an analysis with hours",
        *_second_source("sem: {kind: analysis, measures: [length], hours: x}"),
    ),
    ("a device without an address", *_http("capacity: 2")),
    ("an address that is none", *_http("url: furnace.lab")),
    ("an address with an impossible port", *_http("url: 'https://furnace.lab:port'")),
    ("an address of another kind", *_http("url: ftp://furnace.lab")),
    ("a plain connection to another machine", *_http("url: http://furnace.lab")),
    ("a password in an address", *_http("url: 'https://ada:s3cret@furnace.lab'")),
    ("a secret in an address", *_http("url: 'https://furnace.lab?token=s3cret'")),
    ("a secret in the file", *_http("url: https://furnace.lab, token: s3cret")),
    ("a secret from nowhere", *_http("url: https://furnace.lab, token: {}")),
    ("a secret from two places", *_http("url: https://f.lab, token: {env: A, file: b}")),
    ("a secret under another key", *_http("url: https://f.lab, token: {value: s3cret}")),
    ("two devices at one address", *_http("urls: {a: https://f.lab, b: https://f.lab}")),
    ("an address and addresses", *_http("url: https://f.lab, urls: {a: https://g.lab}")),
    ("a device whose address is missing", *_http("devices: [a, b], urls: {a: https://f.lab}")),
    ("several devices at one url", *_http("url: https://f.lab, devices: [a, b]")),
    ("a time to wait that is none", *_http("url: https://f.lab, answer_timeout: 0")),
    ("a map of what is no parameter", *_mapped("temprature: {field: T}")),
    ("two parameters in one field", *_mapped("temperature: {field: X}, flow: {field: X}")),
    ("a field that is another parameter", *_mapped("temperature: {field: flow}")),
    ("a unit that the device cannot read it in", *_mapped("temperature: {unit: sccm}")),
    ("a unit that does not exist in a map", *_mapped("temperature: {unit: degX}")),
    ("a unit of names", *_mapped("catalyst: {unit: K}")),
    ("fewer decimals than are set", *_mapped("flow: {decimals: 0}")),
    ("a map with an unknown key", *_mapped("flow: {name: F}")),
    ("a map that is a word", *_mapped("flow: F")),
    ("an outcome in a map that is none", *_read("lenght: {field: L}")),
    ("an outcome in another dimension", *_read("length: {unit: K}")),
    ("a broker without an address", *_mqtt("topic: planner/furnace")),
    ("a broker behind HTTP", *_mqtt("url: https://broker.lab")),
    ("a broker with a path", *_mqtt("url: mqtts://broker.lab/lab")),
    ("a plain broker on another machine", *_mqtt("url: mqtt://broker.lab")),
    ("a topic with a wildcard", *_mqtt("url: mqtts://broker.lab, topic: planner/+")),
    ("several devices on one topic", *_mqtt("url: mqtts://b.lab, topic: a, devices: [a, b]")),
    ("the same topic twice", *_mqtt("url: mqtts://b.lab, topics: {a: x, b: x}")),
    ("a password without a user", *_mqtt("url: mqtts://b.lab, password: {env: A}")),
    ("a program as a line of a shell", *_command("program: python measure.py | tee log")),
    ("a program and its argument in one", *_command("program: python measure.py")),
    ("no program", *_command("program: []")),
    ("a program that is missing", *_command("grace: 1 s")),
    ("a program with devices", *_command("program: [python], devices: [a, b]")),
    ("hours without a clock", *_person("hours: Mon-Fri 18:00-06:00")),
    ("a day that does not exist", *_person("hours: Mon-Fr 18:00-06:00, time_zone: UTC")),
    ("an hour that does not exist", *_person("hours: '25:00-26:00', time_zone: UTC")),
    ("hours that are none", *_person("hours: 8 to 5, time_zone: UTC")),
    ("a town for a time zone", *_person("hours: '08:00-17:00', time_zone: Berlin")),
    ("a holiday in another order", *_person("holidays: [25.12.2026], time_zone: UTC")),
    ("a day that is no day", *_person("holidays: [2026-02-30], time_zone: UTC")),
    ("a holiday twice", *_person("holidays: [2026-12-25, 2026-12-25], time_zone: UTC")),
    (
        "a trial longer than the hours",
        *_person("duration: 10 h, hours: '08:00-17:00', time_zone: UTC"),
    ),
    ("a limit shorter than a trial", *_person("duration: 2 h, time_limit: 90 min")),
    ("an unknown parameter in common", *_person("capacity: 6, shared: [temprature]")),
    (
        "what is constant or measured in common",
        *_with_parameters(
            "gas: {value: argon}\n  air: {kind: contextual, low: 0, high: 9}",
            person="capacity: 6, shared: [gas, air]",
        ),
    ),
    (
        "a profile in common",
        *_with_parameters(
            "ramp: {unit: degC, knots: [{at: 0, value: 25}, {at: {low: 9, high: 30}, value: 400}]}",
            person="capacity: 6, shared: [ramp]",
        ),
    ),
    ("the same in common twice", *_person("capacity: 6, shared: [flow, flow]")),
    ("a set-up of nothing", *_person("set_up: {time: 40 min, parameters: []}")),
    ("a set-up of an unknown parameter", *_person("set_up: {time: 40 min, parameters: [tube]}")),
    ("a set-up without a time", *_person("set_up: {parameters: [flow]}")),
    ("a device twice", *_person("devices: [left, left]")),
    ("devices that are counted", *_person("devices: 2")),
    ("a cost below zero", *_person("cost: -3")),
    ("a cost with its currency", *_person("cost: 3 EUR")),
    ("a cost of an unknown parameter", *_person("cost: 2 + flw")),
    ("a cost of a name", *_person("cost: 2 * catalyst")),
    ("a cost that is no formula", *_person("cost: 2 * (flow")),
    ("a cost that divides by zero", *_person("cost: 1 / (flow - 1)")),
    ("a cost that can be below zero", *_person("cost: 5 - flow")),
    ("a consumable that is a number", *_person("consumables: {gold: 3}")),
    ("a consumable that nobody uses", *_person("consumables: {gold: {stock: 3 g, unit: g}}")),
    (
        "a stock of another dimension",
        *_person("consumables: {gold: {stock: 3 s, unit: g, use: 0.1}}"),
    ),
    (
        "a use of another dimension",
        *_person("consumables: {gold: {stock: 3, unit: g, use: 5 min}}"),
    ),
    (
        "a stock that does not suffice for one trial",
        *_person("consumables: {gold: {stock: 3 mg, unit: mg, use: 10 * flow}}"),
    ),
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
    ("a budget that is no money", "trials: 20", "cost: 500 quid a day"),
    ("a budget in two currencies", "trials: 20", "cost: 500 EUR, currency: USD"),
    (
        "a budget that pays for no trial",
        f"{_SOURCE}\nbudget: {{trials: 20}}",
        "{kind: person, cost: 2 + 10 * flow}\nbudget: {cost: 5}",
    ),
    ("a start beyond the budget", "budget:", "policy: {start: 30}\nbudget:"),
    (
        "a setting of the other acquisition",
        "budget:",
        "policy: {acquisition: log_nei, beta: 2}\nbudget:",
    ),
    ("a probability in percent", "budget:", "stop: {goal_probability: 95 %}\nbudget:"),
    ("a probability of one", "budget:", "stop: {done_probability: 1}\nbudget:"),
    ("a probability that is a word", "budget:", "stop: {goal_probability: high}\nbudget:"),
    ("a remaining gain with a unit", "budget:", "stop: {remaining_gain: 2 um}\nbudget:"),
    ("a remaining gain in quotes", "budget:", "stop: {remaining_gain: '2'}\nbudget:"),
    ("a target with a unit", "aim: maximise", "aim: target, target: 40 um, tolerance: 3"),
    ("a random policy with a start", "budget:", "policy: {acquisition: random, start: 5}\nbudget:"),
    (
        "a random policy that learns",
        "budget:",
        "policy: {acquisition: random, aim: learn}\nbudget:",
    ),
    (
        "a random policy with a family of models",
        "budget:",
        "policy: {acquisition: random}\nmodel: {family: saas_gp}\nbudget:",
    ),
    ("learning by what is good", "budget:", "policy: {aim: learn, acquisition: ucb}\nbudget:"),
    (
        "collecting without a weight",
        "budget:",
        "policy: {aim: collect, acquisition: log_nei}\nbudget:",
    ),
    ("collecting with another weight", "budget:", "policy: {aim: collect, beta: 2}\nbudget:"),
    ("learning with a weight", "budget:", "policy: {aim: learn, beta: 2}\nbudget:"),
    ("a goal to be met that is not stated", "budget:", "stop: {goal_probability: 0.9}\nbudget:"),
    ("done without a gain", "budget:", "stop: {done_probability: 0.9}\nbudget:"),
    ("a probability above one", "budget:", "stop: {goal_probability: 90}\nbudget:"),
    ("an approval by nobody known", "budget:", "policy: {approval: boss}\nbudget:"),
    *_approvals(
        ("an approval that compares nothing", "person: temperature"),
        ("an approval by two signs", "two_people: 600 < temperature < 700"),
        ("an approval by an equals sign", "person: temperature = 700"),
        ("an approval by a parameter that is not there", "person: temprature > 700"),
        ("an approval by a name", "two_people: catalyst > 3 and flow > 2"),
        ("an approval that always says the same", "person: 3 > 2"),
        ("an approval by a program", "person: \"__import__('os').system('ls') > 3\""),
        ("an approval of an unknown kind", "three_people: temperature > 3"),
    ),
    ("alerts without a way", "budget:", "alerts: {at_most: 3}\nbudget:"),
    *_ways(
        ("a way of no kind", "{run: [./ring]}"),
        ("a way of an unknown kind", "{kind: pigeon}"),
        ("a program as one text", "{kind: command, run: ./ring anna}"),
        ("no program", "{kind: command, run: []}"),
        ("a webhook by plain http", "{kind: webhook, url: 'http://chat.lab/hook'}"),
        ("a webhook that is no address", "{kind: webhook, url: chat}"),
        ("a webhook with a password", "{kind: webhook, url: 'https://anna:pw@chat.lab/hook'}"),
        ("a webhook at a port that cannot be", "{kind: webhook, url: 'https://chat.lab:abc/h'}"),
        ("a webhook at a host that cannot be", "{kind: webhook, url: 'https://chat..lab/h'}"),
        ("a webhook with a space", "{kind: webhook, url: 'https://chat.lab/a hook'}"),
        ("a webhook from two places", "{kind: webhook, url: {env: A, file: b}}"),
        (
            "mail by a host that cannot be",
            "{kind: mail, host: mail..lab, sender: a@b.c, to: [a@b.c]}",
        ),
        (
            "mail by a host with too long a name",
            f"{{kind: mail, host: {'a' * 70}.lab, sender: a@b.c, to: [a@b.c]}}",
        ),
        (
            "mail to a host that cannot be",
            "{kind: mail, host: mail.lab, sender: a@b.c, to: ['a@b..c']}",
        ),
        ("a program with a zero byte", '{kind: command, run: ["./ring\\0"]}'),
        ("a secret itself", "{kind: webhook, url: 'https://chat.lab/h', secret: s3cret}"),
        (
            "a secret in two places",
            "{kind: webhook, url: 'https://chat.lab/h', secret: {env: A, file: b}}",
        ),
        ("mail to nobody", "{kind: mail, host: mail.lab, sender: a@lab.org, to: []}"),
        ("mail to no address", "{kind: mail, host: mail.lab, sender: a@lab.org, to: [anna]}"),
        (
            "mail that anyone can read",
            "{kind: mail, host: mail.lab, sender: a@lab.org, to: [b@lab.org], security: none}",
        ),
        (
            "mail with a user and no password",
            "{kind: mail, host: mail.lab, sender: a@lab.org, to: [b@lab.org], user: a}",
        ),
    ),
    (
        "an alert of an unknown kind",
        "budget:",
        "alerts: {ways: {phone: {kind: command, run: [ring]}}, kinds: [in trouble]}\nbudget:",
    ),
    (
        "no messages at all",
        "budget:",
        "alerts: {ways: {phone: {kind: command, run: [ring]}}, at_most: 0}\nbudget:",
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
    ("sensors as a list", *_sensor("[humidity]")),
    ("a sensor without a mapping", *_sensor("{humidity: rh_percent}")),
    ("a sensor's key that is misspelt", *_sensor("{humidity: {unti: rh_percent}}")),
    ("a sensor's unit that is not known", *_sensor("{humidity: {unit: moisture}}")),
    ("a sensor's limits the wrong way", *_sensor("{humidity: {limits: [100, 0]}}")),
    ("a sensor's limit of another dimension", *_sensor("{t: {unit: degC, limits: [0 mbar, 9]}}")),
    ("a filter as a word", *_sensor("{t: {unit: degC, filter: hampel}}")),
    ("a filter's window without a middle", *_sensor("{t: {unit: degC, filter: {noise: 4}}}")),
    ("a filter's window of one", *_sensor("{t: {unit: degC, filter: {noise: 1}}}")),
    ("outliers without a resolution", *_sensor("{t: {unit: degC, filter: {outliers: 7}}}")),
    ("readings kept for no time", *_sensor("{t: {unit: degC, keep: {every: 1 min}}}")),
    ("readings kept shorter than one mean", *_sensor("{t: {keep: {raw: 1 s, every: 1 min}}}")),
    ("means kept shorter than readings", *_sensor("{t: {keep: {raw: 9 days, means: 2 h}}}")),
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
