"""What is known of a trial in doubt, as it is printed."""

from __future__ import annotations

import json
import shlex
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from planner.loop.people.evidence import Evidence
    from planner.loop.sessions.desk import Place


def show_evidence(place: Place, trial: int, *, as_json: bool) -> None:
    """Prints what is known of a trial in doubt, and what may be said of it.

    Args:
        place: of the campaign.
        trial: its number.
        as_json: whether to print facts.
    """
    from planner.errors import PlannerError
    from planner.labs import open_lab
    from planner.loop.people.evidence import gather_evidence
    from planner.loop.sessions.desk import at_work

    trouble = ""
    with at_work(place, may_begin=False, with_lab=False) as session, ExitStack() as held:
        try:
            lab = open_lab(session.state.spec, folder=place.folder)
            held.callback(lab.close)
            session = replace(session, lab=lab)
        except PlannerError as error:  # what the ledger knows is shown all the same
            trouble = f"The device was not asked: {error}"
        known = gather_evidence(session, trial)
    if as_json:
        facts = {**asdict(known), "story": [[at.isoformat(), said] for at, said in known.story]}
        typer.echo(json.dumps({**facts, "trouble": trouble}, indent=2))
        return
    typer.echo("\n".join(_lines(known, place, trouble)))


def _lines(known: Evidence, place: Place, trouble: str) -> list[str]:
    lines = [known.what]
    lines.append(f"Ordered at {known.where}: {', '.join(known.settings)}.")
    lines.append("What the ledger has of it (UTC):")
    lines += [f"  {at:%Y-%m-%d %H:%M:%S}  {said.rstrip('.')}" for at, said in known.story]
    lines += [trouble] if trouble else list(known.device_says)
    if known.readings:
        lines.append("Readings of its time:")
        lines += [f"  {each}" for each in known.readings]
    name = "" if place.name is None else f" --as {shlex.quote(place.name)}"
    which = f"{shlex.quote(str(place.file))} {known.trial}"
    lines.append("What you can say, once you have looked:")
    for command, words, meaning in known.choices:
        typed = f"planner {command} {which}{f' {words}' if words else ''}{name} --reason '...'"
        lines += [f"  {typed}", f"      {meaning}"]
    return lines
