"""Commands of people at the bench: ask, tell, approve, abort, resolve."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import As, File, Json, Reason, TrialNumber
from planner.cli.places import make_place
from planner.cli.written import require_folder, write_file

if TYPE_CHECKING:
    from planner.campaign import CampaignSpec
    from planner.trials import Trial

Values = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME=VALUE",
        help="Outcomes, such as yield=81.5, yield=81.5+-2 (deviation) or size=0.05um (unit).",
        show_default=False,
    ),
]


class Failure(StrEnum):
    """Who failed."""

    MACHINE = "machine"
    PROCESS = "process"


class Verdict(StrEnum):
    """What a person saw of a trial in doubt."""

    PERFORMED = "performed"
    NO_RESULT = "no-result"
    PARTLY = "partly"
    NOT_PERFORMED = "not-performed"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (ask, tell, approve, abort, resolve):
        app.command()(command)


def ask(
    file: File,
    n: Annotated[int, typer.Option("-n", min=1, help="How many trials.")] = 1,
    csv: Annotated[Path | None, typer.Option(help="Write them to this CSV file too.")] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Ask for the next trials, to run them yourself.

    They are yours until you tell what became of them (planner tell); no machine runs them.
    """
    from planner.loop import people
    from planner.loop.desk import at_work

    if csv is not None:
        require_folder(csv)  # before a trial is handed out
    with at_work(make_place(file, name), with_lab=False) as session:
        trials = people.ask(session, n)
        spec = session.state.spec
    if csv is not None:
        _write_csv(trials, spec, csv)
    if as_json:
        typer.echo(json.dumps([_facts(trial) for trial in trials], indent=2))
        return
    for trial in trials:
        typer.echo(_words(trial, spec))


def tell(
    file: File,
    trial: TrialNumber,
    values: Values = None,
    achieved: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="A parameter that was set otherwise than asked; repeatable."
        ),
    ] = None,
    failed: Annotated[
        Failure | None, typer.Option(help="It brought no result: who failed?")
    ] = None,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Tell what became of a trial.

    Its outcomes as NAME=VALUE, or that it failed (--failed) and why (--reason).
    """
    from planner.cli.assignments import read_reported
    from planner.errors import InputError
    from planner.loop import people
    from planner.loop.desk import at_work

    if bool(values) == (failed is not None):
        raise InputError("Give either outcomes (NAME=VALUE) or --failed with --reason.")
    told = people.Told(
        outcomes=read_reported(values or ()),
        achieved=read_reported(achieved or ()),
        failed=failed.value if failed else None,
        reason=reason,
    )
    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        said = people.tell(session, trial, told)
        state = session.state.trial(trial).state
    _say(said, {"trial": trial, "state": state}, as_json=as_json)


def approve(
    file: File,
    trials: Annotated[
        list[int],
        typer.Argument(metavar="TRIAL", min=1, help="Numbers of the trials.", show_default=False),
    ],
    reject: Annotated[bool, typer.Option("--reject", help="Turn them down instead.")] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Approve trials that wait for it, or turn them down."""
    from planner.errors import InputError
    from planner.loop import people
    from planner.loop.desk import at_work

    if reject and not reason.strip():
        raise InputError("Turning a trial down needs a reason (--reason).")
    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        if reject:
            people.reject(session, trials, reason=reason)
        else:
            people.approve(session, trials)
        facts = [{"trial": each, "state": session.state.trial(each).state} for each in trials]
    word = "Rejected" if reject else "Approved"
    _say(f"{word}: {', '.join(map(str, trials))}.", facts, as_json=as_json)


def abort(
    file: File, trial: TrialNumber, reason: Reason, name: As = None, as_json: Json = False
) -> None:
    """Abort one trial.

    At once where nothing runs, else when its source confirms.
    """
    from planner.errors import InputError
    from planner.loop import people
    from planner.loop.desk import at_work

    if not reason.strip():
        raise InputError("Aborting a trial needs a reason (--reason).")
    with at_work(make_place(file, name), may_begin=False) as session:
        state = people.abort(session, trial, reason=reason)
    _say(f"Trial {trial} is {state}.", {"trial": trial, "state": state}, as_json=as_json)


def resolve(
    file: File,
    trial: TrialNumber,
    verdict: Annotated[
        Verdict,
        typer.Argument(
            metavar="VERDICT",
            help="performed, no-result, partly or not-performed.",
            show_default=False,
        ),
    ],
    values: Values = None,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Give your verdict on a trial in doubt.

    It needs a reason, is kept under your name and is never changed.

    performed: it ran, and here is its result. no-result: it ran, and its result is lost.
    partly: material was used, nothing can be told. not-performed: it never began, and runs again.
    """
    from planner.cli.assignments import read_reported
    from planner.loop import people
    from planner.loop.desk import at_work

    told = people.Told(outcomes=read_reported(values or ()), reason=reason)
    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        state = people.resolve(session, trial, people.Verdict(verdict.value), told)
    _say(f"Trial {trial} is {state}.", {"trial": trial, "state": state}, as_json=as_json)


def _say(text: str, facts: object, *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else text)


def _facts(trial: Trial) -> dict[str, object]:
    from dataclasses import asdict

    proposal = asdict(trial.proposal)
    return {
        "trial": trial.number,
        "state": trial.state,
        "configuration": dict(trial.configuration),
        **{key: value for key, value in proposal.items() if key != "hyperparameters"},
    }


def _words(trial: Trial, spec: CampaignSpec) -> str:
    from planner.cli.live import describe

    lines = [f"Trial {trial.number}: {describe(trial.configuration, spec)}"]
    for outcome, each in trial.proposal.predictions.items():
        unit = spec.outcomes[outcome].unit
        lines.append(
            f"  expected {outcome} {each.mean:.4g} {'' if unit == '1' else unit} "
            f"({each.low:.4g} to {each.high:.4g} with probability {each.level:g})"
        )
    lines.append(f"  {trial.proposal.reason}")
    return "\n".join(lines)


def _write_csv(trials: list[Trial], spec: CampaignSpec, path: Path) -> None:
    import pandas as pd

    rows = [
        {"trial": trial.number, **trial.configuration, **dict.fromkeys(spec.outcomes, "")}
        for trial in trials
    ]
    labels = {name: parameter.label for name, parameter in spec.scalars.items()}
    labels |= {name: outcome.label for name, outcome in spec.outcomes.items()}
    frame = pd.DataFrame(rows).rename(columns=labels)
    write_file(path, frame.to_csv(index=False))
