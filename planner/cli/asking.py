"""Commands that hand out trials: ask, propose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from planner.cli.interrupted import saying_what_was_done
from planner.cli.options import As, File, Json, Reason
from planner.cli.places import make_place
from planner.cli.written import require_free, write_file
from planner.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.acquisition.explaining import Explanation
    from planner.campaign import CampaignSpec
    from planner.ledger.replay import CampaignState
    from planner.loop.people import Wishes
    from planner.loop.sessions.desk import Place
    from planner.loop.sessions.session import Session
    from planner.loop.timetable.setup_order import SetUpOrder
    from planner.models import FitFailure
    from planner.trials import Trial

    # of a trial; where there is none, why, or None while there are too few results
    Closer = Explanation | FitFailure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a person takes to the bench.

    Args:
        csv: where the table to fill in goes, if anywhere.
        xlsx: the same as a workbook.
        sheet: where the page to print goes.
        decimal: mark of the CSV file's numbers.
    """

    csv: Path | None
    xlsx: Path | None
    sheet: Path | None
    decimal: Literal[".", ","]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that were named."""
        return tuple(path for path in (self.csv, self.xlsx, self.sheet) if path is not None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an ask has brought.

    Args:
        trials: in the order to run them.
        state: of their campaign.
        closer: what a closer look at each finds, where that was wanted.
    """

    trials: Sequence[Trial]
    state: CampaignState
    closer: list[Closer] | None


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(ask)
    app.command()(propose)


def ask(
    file: File,
    n: Annotated[int, typer.Option("-n", min=1, help="How many trials.")] = 1,
    csv: Annotated[
        Path | None, typer.Option(help="Write them as a table to fill in to this CSV file.")
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option(help="The same as an Excel workbook, with lists to choose from.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a run sheet to print (HTML, A4) to this file.")
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Hold a parameter at this value, for this ask; repeatable."
        ),
    ] = None,
    avoid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE[,NAME=VALUE]",
            help="Leave a value or a combination out, for this ask; repeatable.",
        ),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="What is measured now and not set, such as the humidity."
        ),
    ] = None,
    decimal_comma: Annotated[
        bool, typer.Option("--decimal-comma", help="Write the CSV file with decimal commas.")
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="No new trials: those that you have in hand, to be told, once more."
        ),
    ] = False,
    why: Annotated[
        bool,
        typer.Option(
            "--why", help="Look closer: what lifts each prediction, what a run would settle."
        ),
    ] = False,
    name: As = None,
    as_json: Json = False,
) -> None:
    """Ask for the next trials, to run them yourself.

    They are yours until you tell what became of them (planner tell); no machine runs them. Fill
    in the table and tell it: planner tell FILE next.csv. Rows are in the order that saves time in
    changing the set-up.
    """
    to = Papers(csv=csv, xlsx=xlsx, sheet=sheet, decimal="," if decimal_comma else ".")
    _check_papers(to)  # before a trial is handed out
    place = make_place(file, name)
    with saying_what_was_done(place, done="handed out"):
        wishes = _read_wishes(place, lock=lock or (), avoid=avoid or (), context=context or ())
        asked = _ask(place, None if again else n, wishes, to, why=why)
        if as_json:
            typer.echo(json.dumps(_all_facts(asked), indent=2))
            return
        _print_trials(asked)
        for path in to.paths:
            typer.echo(f"Wrote {path}.")


def propose(
    file: File,
    settings: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE",
            help="A value for every parameter that is set, such as temperature=130 or "
            "temperature=400K.",
            show_default=False,
        ),
    ],
    by_hand: Annotated[
        bool,
        typer.Option("--by-hand", help="You run it yourself, although a machine is the source."),
    ] = False,
    reason: Reason = "",
    name: As = None,
    as_json: Json = False,
) -> None:
    """Propose a trial of your own.

    The model says beforehand what it expects, and how that compares with the planner's own
    choice. The trial counts against the budget, and what comes out is learned from. The same
    settings as an earlier trial are a replicate.
    """
    place = make_place(file, name)
    with saying_what_was_done(place, done="entered"):
        from planner.cli.assignments import names_in, read_reported
        from planner.cli.proposed import proposed_in_words, proposed_json
        from planner.loop import people
        from planner.loop.sessions.desk import at_work, read_spec

        values = read_reported(settings, texts=names_in(read_spec(place)))
        with at_work(place, with_lab=False) as session:
            proposed = people.propose(session, values, reason=reason, by_hand=by_hand)
            state = session.state
        if as_json:
            typer.echo(json.dumps(proposed_json(proposed), indent=2))
        else:
            typer.echo(proposed_in_words(proposed, state, file=place.as_typed))


def _read_wishes(
    place: Place, *, lock: Sequence[str], avoid: Sequence[str], context: Sequence[str]
) -> Wishes:
    from planner.cli.assignments import names_in, read_combination, read_reported
    from planner.loop.people import Wishes
    from planner.loop.sessions.desk import read_spec

    texts = names_in(read_spec(place))
    return Wishes(
        lock=read_reported(lock, texts=texts),
        avoid=[read_combination(each, texts=texts) for each in avoid],
        context=read_reported(context),
    )


def _ask(place: Place, n: int | None, wishes: Wishes, to: Papers, *, why: bool) -> _Asked:
    """Returns the next ``n`` trials, or where that is None those in hand; their papers written."""
    from planner.loop import people
    from planner.loop.sessions.desk import at_work

    with at_work(place, with_lab=False, may_begin=n is not None) as session:
        if n is None:
            trials = people.trials_to_tell(session.state, author=session.author)
        else:
            trials = people.ask(session, n, wishes=wishes)
        trials, order = people.order_to_run(session.state, trials)
        try:
            _write_papers(session, trials, order, to)
        except InputError as error:
            again_please = f"planner ask {place.as_typed} --again writes them"
            raise InputError(
                f"{error} The trials are yours all the same: {again_please}."
            ) from error
        closer = _explain(session, trials) if why else None
        return _Asked(trials, session.state, closer)


def _check_papers(to: Papers) -> None:
    """Accepts where the papers go.

    Raises:
        InputError: a file is there, cannot be written, or is named twice.
    """
    from planner.tables import check_ending

    for path in (to.csv, to.xlsx):
        if path is not None:
            check_ending(path)
    for path in to.paths:
        require_free(path)
    if len({path.resolve() for path in to.paths}) < len(to.paths):
        raise InputError("One file was named for two things. Name another for one of them.")


def _write_papers(session: Session, trials: Sequence[Trial], order: SetUpOrder, to: Papers) -> None:
    from planner.loop.sheets import make_columns, make_rows
    from planner.tables import write_sheet

    spec = session.state.spec
    about = (
        f"Trials of campaign {spec.campaign}. Fill in, save, and tell: planner tell FILE TABLE. A "
        f"row without a trial number is a trial of your own, with its settings."
    )
    for path in (to.csv, to.xlsx):
        if path is not None:
            rows, columns = make_rows(spec, trials), make_columns(spec)
            write_sheet(rows, path, columns=columns, about=about, decimal=to.decimal)
    if to.sheet is not None:
        from planner.report.bench_sheet import make_bench_sheet

        today = session.clock.now().astimezone().strftime("%d %B %Y").lstrip("0")
        page = make_bench_sheet(session.state, trials, order=order, who=session.author, date=today)
        write_file(to.sheet, page)


def _print_trials(asked: _Asked) -> None:
    if not asked.trials:
        typer.echo("You have no trials in hand; nothing waits to be told.")
    for lines in _in_words(asked):
        typer.echo("\n".join(lines))
    if alarm := _alarm(asked.state):
        typer.echo(alarm)


def _in_words(asked: _Asked) -> list[list[str]]:
    from planner.cli.proposed import trial_in_words

    if asked.closer is None:
        return [trial_in_words(trial, asked.state.spec) for trial in asked.trials]
    from planner.cli.explained import looked_closer

    pairs = zip(asked.trials, asked.closer, strict=True)
    return [looked_closer(*each, asked.state) for each in pairs]


def _alarm(state: CampaignState) -> str:
    """Returns the last coverage alarm on one line, while no later forecasts speak against it."""
    if not state.alarms:
        return ""
    from planner.loop.deciding.alarms import raised_alarms

    last = raised_alarms(state)[-1]
    return last.in_short() if last.stands else ""


def _explain(session: Session, trials: Sequence[Trial]) -> list[Closer]:
    """Returns the explanation of each trial, or why there is none."""
    from planner.loop.deciding.explaining import explain_each

    configurations = [trial.configuration for trial in trials]
    numbers = [trial.number for trial in trials]
    found = explain_each(session.state, session.space, configurations, numbers=numbers)
    return [*found] if isinstance(found, list) else [found for _ in trials]


def _all_facts(asked: _Asked) -> list[dict[str, object]]:
    from planner.acquisition.explaining import Explanation
    from planner.cli.explained import explained_json

    state = asked.state
    facts = [_facts(trial, state.spec) for trial in asked.trials]
    if asked.closer is None:
        return facts
    return [
        {
            **fact,
            "explained": explained_json(each, state) if isinstance(each, Explanation) else None,
        }
        for fact, each in zip(facts, asked.closer, strict=True)
    ]


def _facts(trial: Trial, spec: CampaignSpec) -> dict[str, object]:
    from dataclasses import asdict

    proposal, settings = asdict(trial.proposal), trial.configuration
    courses = {name: each.table(settings).model_dump() for name, each in spec.profiles.items()}
    return {
        "trial": trial.number,
        "state": trial.state,
        "configuration": dict(settings),
        **({"profiles": courses} if courses else {}),
        **{key: value for key, value in proposal.items() if key != "memo"},
    }
