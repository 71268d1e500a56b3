"""Commands by which a person judges and remarks, such as approve, hold, abort and note."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import As, File, Json, Reason, TrialNumber, Values
from planner.cli.places import make_place
from planner.cli.shown_evidence import show_evidence
from planner.cli.typed import to_type

if TYPE_CHECKING:
    from planner.campaign import CampaignSpec
    from planner.trials import Trial


class Verdict(StrEnum):
    """What a person saw of a trial in doubt, or wants of a late result."""

    PERFORMED = "performed"
    NO_RESULT = "no-result"
    PARTLY = "partly"
    NOT_PERFORMED = "not-performed"
    TAKE_IN = "take-in"
    LEAVE_OUT = "leave-out"


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (approve, hold, veto, abort, adjust, resolve, exclude, note):
        app.command()(command)


def approve(
    file: File,
    trials: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="TRIAL",
            min=1,
            help="Numbers of the trials; without any, what waits is shown, with why.",
            show_default=False,
        ),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Turn them down instead.")] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Approve trials that wait for it, or turn them down.

    Where the file asks for two people, a trial goes on after the second of them. Without a number
    nothing is approved: what waits is shown, with what to expect and why it was chosen.
    """
    from planner.cli.approvals import show_approvals
    from planner.errors import InputError
    from planner.loop import people
    from planner.loop.sessions.desk import at_work
    from planner.trials import TrialState

    if reject and not reason.strip():
        raise InputError("Turning a trial down needs a reason (--reason).")
    if not trials:
        if reject:
            raise InputError("Turning down needs the numbers of the trials.")
        show_approvals(make_place(file, name), as_json=as_json)
        return
    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        if reject:
            people.reject(session, trials, reason=reason)
        else:
            people.approve(session, trials, reason=reason)
        told = [session.state.trial(each) for each in trials]
    facts = [
        {"trial": each.number, "state": each.state, "approved_by": each.approved_by}
        for each in told
    ]
    word = "Rejected" if reject else "Approved"
    still = [str(each.number) for each in told if each.state is TrialState.AWAITING_APPROVAL]
    more = f" Somebody else must approve as well: {', '.join(still)}." if still else ""
    _say(f"{word}: {', '.join(map(str, trials))}.{more}", facts, as_json=as_json)


def abort(
    file: File, trial: TrialNumber, reason: Reason, name: As = None, as_json: Json = False
) -> None:
    """Abort one trial.

    At once where nothing runs, else when its source confirms.
    """
    from planner.errors import InputError
    from planner.loop import people
    from planner.loop.sessions.desk import at_work
    from planner.trials import TERMINAL_TRIALS

    if not reason.strip():
        raise InputError("Aborting a trial needs a reason (--reason).")
    with at_work(make_place(file, name), may_begin=False) as session:
        state = people.abort(session, trial, reason=reason)
    still = f"Trial {trial} is asked to end; it is aborted once its source says so."
    said = f"Trial {trial} is {state}." if state in TERMINAL_TRIALS else still
    _say(said, {"trial": trial, "state": state}, as_json=as_json)


def adjust(
    file: File,
    trial: TrialNumber,
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE",
            help="What is to be set otherwise, such as temperature=130 or temperature=400K.",
            show_default=False,
        ),
    ],
    reason: Reason,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Change the settings of a trial that is under way.

    It is sent to the device once, whatever crashes, by the process that runs the campaign. Where
    the campaign asks for two people at these settings, a second one types the same.
    """
    from planner.cli.assignments import names_in, read_reported
    from planner.loop import people
    from planner.loop.sensors.preconditions import unmet_at
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        changes = read_reported(values, texts=names_in(session.state.spec))
        asked = people.adjust(session, trial, changes, reason=reason)
        holder = session.ledger.holder(session.campaign)
        run = session.state.trial(trial).run
        unmet = unmet_at(session, run.device if run is not None else None)
    said = f"Change {asked.number} of trial {trial}: {', '.join(values)} "
    if asked.state == "awaiting approval":
        said += "waits for a second person, who types the same."
    elif holder is None:
        said += f"is sent once the campaign goes on: planner run {file}."
    else:
        said += f"goes to the device; planner status {file} says what became of it."
    if unmet:
        said += f" Nothing begins there meanwhile: {unmet}."
    facts = {"trial": trial, "number": asked.number, "state": asked.state, "unmet": unmet}
    _say(said, facts, as_json=as_json)


def resolve(
    file: File,
    trial: TrialNumber,
    verdict: Annotated[
        Verdict | None,
        typer.Argument(
            metavar="[VERDICT]",
            help="performed, no-result, partly, not-performed, take-in or leave-out; none to see "
            "what is known.",
            show_default=False,
        ),
    ] = None,
    values: Values = None,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Show what is known of a trial in doubt, or give your verdict on it or on a late result.

    Without a verdict: what was sent and heard, what the device says now, the readings of its time,
    and what you can say. Nothing is written, and no order leaves.
    A verdict needs a reason, is kept under your name and is never changed.

    performed: it ran, and here is its result. no-result: it ran, and its result is lost.
    partly: material was used, nothing can be told. not-performed: it never began, and runs again.

    take-in: the device's late result becomes data. leave-out: it is kept and no more.
    """
    from planner.cli.assignments import names_in, read_reported
    from planner.loop import people
    from planner.loop.sessions.desk import at_work, read_spec
    from planner.loop.sheets import read_typed

    place = make_place(file, name)
    if verdict is None:
        show_evidence(place, trial, as_json=as_json)
        return
    texts = names_in(read_spec(place))
    told = people.Told(outcomes=read_reported(values or (), texts=texts), reason=reason)
    with at_work(place, with_lab=False, may_begin=False) as session:
        told = read_typed(told, session.state.spec, folder=Path.cwd())
        state = people.resolve(session, trial, people.Verdict(verdict.value), told)
        said = _resolved(session.state.trial(trial), verdict, session.state.spec)
    _say(said, {"trial": trial, "state": state}, as_json=as_json)


def _resolved(trial: Trial, verdict: Verdict, spec: CampaignSpec) -> str:
    """Says what a verdict came to."""
    from planner.loop.people.words import values_in_words

    if verdict is Verdict.TAKE_IN and trial.observation is not None:
        values = values_in_words(trial.observation.outcomes, spec)
        return f"The late result of trial {trial.number} is taken in: {values}."
    left = "What came late is left out, and kept. " if verdict is Verdict.LEAVE_OUT else ""
    return f"{left}Trial {trial.number} is {trial.state}."


def hold(
    file: File,
    trial: TrialNumber,
    reason: Reason,
    undo: Annotated[bool, typer.Option("--undo", help="Let it go on.")] = False,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Hold an approved trial before it is sent, or let it go on.

    It stays in the budget, and the others go on. To hold them all: planner stop --dispatching.
    """
    from planner.loop import people
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        said = people.hold(session, trial, reason=reason, undo=undo)
        state = session.state.trial(trial).state
    _say(said, {"trial": trial, "state": state, "said": said}, as_json=as_json)


def veto(
    file: File, trial: TrialNumber, reason: Reason, name: As = None, as_json: Json = False
) -> None:
    """Veto a trial that waits or was handed out.

    It is rejected, costs nothing of the budget, and its settings are never proposed again. What a
    machine has is aborted instead (planner abort).
    """
    from planner.loop import people
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        said = people.veto(session, trial, reason=reason)
        state = session.state.trial(trial).state
    _say(said, {"trial": trial, "state": state, "said": said}, as_json=as_json)


def exclude(
    file: File,
    which: Annotated[
        str,
        typer.Argument(
            metavar="TRIAL",
            help="Number of the trial, or import:3 for the third imported measurement.",
            show_default=False,
        ),
    ],
    undo: Annotated[bool, typer.Option("--undo", help="Take it in again.")] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Leave a result out of what is learned from, or take it in again.

    It stays in the ledger and in the report, with who left it out, when and why. Its settings may
    be proposed again.
    """
    from planner.loop import people
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        said = people.exclude(session, which, reason=reason, undo=undo)
    _say(said, {"which": which, "excluded": not undo, "said": said}, as_json=as_json)


def note(
    file: File,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What is to be remembered.", show_default=False)
    ],
    trial: Annotated[
        int | None, typer.Option("--trial", min=1, help="The trial that it is about.")
    ] = None,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Note something, on a trial or on the campaign.

    It is kept in the ledger under your name, and stands in the report.
    """
    from planner.loop import people
    from planner.loop.sessions.desk import at_work

    with at_work(make_place(file, name), with_lab=False, may_begin=False) as session:
        said = people.note(session, text, trial=trial)
    _say(said, {"trial": trial, "text": text}, as_json=as_json)


def _say(text: str, facts: object, *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else to_type(text))
