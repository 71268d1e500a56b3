"""The command labs check: which promises of the contract a device keeps."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli.options import File, Json
from planner.errors import InputError, LabUnavailable, PlannerError, Refused, UnknownName

if TYPE_CHECKING:
    from planner.campaign import CampaignSpec
    from planner.labs import DeviceLab, Lab
    from planner.labs.checking import Examined
    from planner.ledger import Ledger
    from planner.loop.dispatch.borrowing import Borrowed
    from planner.space import Configuration

_KEPT, _NOT_ALL_TRIED, _BROKEN = 0, 3, 4
_SPEAKS = ("http", "mqtt", "command", "adapter")
_RESTART_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was typed, read and checked."""

    file: Path
    spec: CampaignSpec
    settings: Configuration
    device: str | None
    restart: str | None
    clear_token: str | None
    name: str
    as_json: bool

    @property
    def folder(self) -> Path:
        return self.file.resolve().parent

    @property
    def needs_clear_token(self) -> bool:
        return self.spec.source.kind != "command"


def check(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE",
            help="Settings of the runs, such as temperature=130; others are in the middle of "
            "their ranges.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The source to check; there is one that runs.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", help="Which of several like devices; none for the first."),
    ] = None,
    restart: Annotated[
        str | None,
        typer.Option(
            "--restart",
            metavar="COMMAND",
            help="Restarts the device's program, best by force; no shell reads it. Without it you "
            "are asked to.",
        ),
    ] = None,
    clear_token: Annotated[
        str | None,
        typer.Option(
            "--clear-token",
            metavar="WHERE",
            help="A file of mode 600, or env:NAME, with what a person shows to clear and release "
            "the device.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without being asked.")] = False,
    as_json: Json = False,
) -> None:
    """Check which promises of the dispatch contract a device keeps; performs real runs.

    Says each promise that is kept, broken or could not be tried, with what was sent and what came
    back. Asks before it begins, and never runs on a device that a campaign holds.
    """
    from planner.cli.checked import describe_plan, describe_verdicts, to_facts

    asked = _read(file, values or [], source, device, restart, clear_token, as_json=as_json)
    with ExitStack() as held:
        lab = _open(asked)
        held.callback(lab.close)
        borrowed = held.enter_context(_borrowed(asked, lab))
        for line in describe_plan(
            asked.spec,
            asked.settings,
            device=asked.device,
            delivery=lab.delivery,
            borrowed=borrowed,
            restart=restart or ("by you" if _is_person(as_json) else None),
        ):
            typer.echo(line, err=as_json)
        _agree(yes=yes)
        try:
            examined = _examine(asked, lab, borrowed)
        except BaseException:
            for line in _give_back(asked, lab, borrowed):
                typer.echo(line, err=True)
            raise
        remains = [*examined.left, *_give_back(asked, lab, borrowed, examined)]
    if as_json:
        typer.echo(json.dumps(to_facts(asked.spec, examined, remains), indent=2))
    else:
        for line in describe_verdicts(examined, remains):
            typer.echo(line)
    raise typer.Exit(
        _BROKEN if examined.is_broken else _KEPT if examined.is_kept else _NOT_ALL_TRIED
    )


def _read(
    file: Path,
    values: list[str],
    source: str | None,
    device: str | None,
    restart: str | None,
    clear_token: str | None,
    *,
    as_json: bool,
) -> _Asked:
    from planner.campaign import read_campaign

    spec = read_campaign(file)
    runner = spec.source
    if source not in (None, runner.name):
        raise UnknownName(f"Trials of {file} run at {runner.name!r}, not at {source!r}: check it.")
    if runner.kind not in _SPEAKS:
        raise InputError(
            f"Source {runner.name!r} is of kind {runner.kind}, behind which no device speaks. "
            f"Sources of the kinds {', '.join(_SPEAKS)} can be checked."
        )
    devices = runner.devices
    if device is not None and device not in devices:
        known = f"only {', '.join(devices)}" if devices else "it is one device without a name"
        raise UnknownName(f"Source {runner.name!r} has no device {device!r}: {known}.")
    name = f"check-{uuid.uuid4().hex[:8]}"
    return _Asked(
        file=file,
        # under a name of its own nothing of the campaign's runs is touched
        spec=spec.model_copy(update={"campaign": name}),
        settings=_choose(spec, file.resolve().parent, values),
        device=device or next(iter(devices), None),
        restart=restart,
        clear_token=_read_token(clear_token),
        name=name,
        as_json=as_json,
    )


def _choose(spec: CampaignSpec, folder: Path, values: list[str]) -> Configuration:
    """Returns the settings that were typed, the others in the middle of what is allowed."""
    import numpy as np

    from planner.campaign import read_space
    from planner.cli.assignments import names_in, read_reported
    from planner.loop.results.check import read_achieved

    space = read_space(spec, folder=folder)
    middle = space.snap(np.full(space.n_columns, 0.5)) or next(
        iter(space.sample(1, seed=spec.seed))
    )
    given = {
        name: space.parameter(name).check(read_achieved(name, said, space, what="parameter"))
        for name, said in read_reported(values, texts=names_in(spec)).items()
    }
    return space.check({**middle, **given})


def _read_token(where: str | None) -> str | None:
    from planner.campaign import Secret
    from planner.campaign.secret import read_secret

    if where is None:
        return None
    is_variable = where.startswith("env:")
    secret = Secret(env=where.removeprefix("env:")) if is_variable else Secret(file=where)
    return read_secret(secret, what="the clear token", folder=Path()).get_secret_value()


def _open(asked: _Asked) -> Lab:
    from planner.labs import open_lab

    return open_lab(asked.spec, folder=asked.folder)


@contextmanager
def _borrowed(asked: _Asked, lab: Lab) -> Iterator[Borrowed]:
    from planner.labs import DeviceLab
    from planner.loop.dispatch.borrowing import borrow_device

    beat = lab.heartbeat(asked.device) if isinstance(lab, DeviceLab) else None
    if beat is not None and beat.state == "offline":
        raise LabUnavailable(f"Source {asked.spec.source.name!r} is offline. Start its device.")
    with ExitStack() as held:
        yield held.enter_context(
            borrow_device(
                _shared_ledger(asked, held),
                source=asked.spec.source.name,
                name=asked.name,
                beat=beat,
                can_release=asked.clear_token is not None or not asked.needs_clear_token,
            )
        )


def _shared_ledger(asked: _Asked, held: ExitStack) -> Ledger | None:
    from planner.cli.places import ledger_of
    from planner.loop.sessions.opening import check_names

    try:
        ledger = held.enter_context(ledger_of(asked.file, create=False))
    except UnknownName:  # no campaign has begun
        return None
    check_names(ledger, asked.spec)  # its lease goes by the name
    return ledger


def _is_person(as_json: bool) -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty() and not as_json


def _agree(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("Nothing was sent: it performs real runs. Say --yes to begin.")
    if not typer.confirm("Begin?", default=False, err=True):
        raise Refused("Nothing was sent.")


def _examine(asked: _Asked, lab: Lab, borrowed: Borrowed) -> Examined:
    from planner.campaign import is_simulated
    from planner.clock import SystemClock
    from planner.labs.checking import Terms, check_lab

    restart, why = _restarting(asked)
    limit_s = asked.spec.source.time_limit
    terms = Terms(
        spec=asked.spec,
        settings=asked.settings,
        name=asked.name,
        device=asked.device,
        ledger=borrowed.ledger,
        raise_token=borrowed.raise_token,
        reopen=lambda: _open(asked),
        clock=SystemClock(),
        restart=restart,
        no_restart=why,
        clear_token=asked.clear_token,
        needs_clear_token=asked.needs_clear_token,
        is_simulated=is_simulated(asked.spec.source),
        say=lambda words: typer.echo(f"... {words}", err=True),
        **({} if limit_s is None else {"patience_s": limit_s}),
    )
    return check_lab(lab, terms=terms)


def _restarting(asked: _Asked) -> tuple[Callable[[], None] | None, str]:
    command = asked.restart
    if command is not None:
        arguments = shlex.split(command)
        if not arguments:
            raise InputError("--restart names no command. Write it as you would type it.")
        return lambda: _run_restart(arguments), ""
    if not _is_person(asked.as_json):
        return None, "the device would have to be restarted: give --restart COMMAND"
    return lambda: _ask_for_restart(asked.spec.source.name), ""


def _run_restart(arguments: list[str]) -> None:
    from planner.labs.checking import NotRestarted

    with tempfile.TemporaryFile() as said:
        try:
            code = subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
                timeout=_RESTART_WITHIN_S,
            ).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotRestarted(f"{arguments[0]} did not restart it: {error}") from error
        said.seek(0)
        words = said.read()[-300:].decode(errors="replace").strip()
    if code != 0:
        raise NotRestarted(f"{arguments[0]} ended with exit code {code}: {words}")


def _ask_for_restart(source: str) -> None:
    from planner.labs.checking import NotRestarted

    question = f"End the program of {source} by force, start it again, then press Enter"
    try:
        typer.prompt(question, default="", show_default=False, err=True)
    except typer.Abort as error:
        raise NotRestarted("nobody restarted the device") from error


def _give_back(
    asked: _Asked, lab: Lab, borrowed: Borrowed, examined: Examined | None = None
) -> list[str]:
    """Leaves the device as it was, and says what remains."""
    from planner.labs import DeviceLab

    runs = asked.folder / f"{asked.name}.planner"
    if examined is not None and examined.is_kept:
        shutil.rmtree(runs, ignore_errors=True)
    elif runs.exists():
        return [f"The folder {runs.name} holds what the program was given and said."]
    if not (isinstance(lab, DeviceLab) and asked.needs_clear_token):
        return []
    remains = [f"The device keeps the keys {asked.name}/1/1 and on in its memory."]
    if not borrowed.is_own:
        return [*remains, f"It obeys ledger {borrowed.ledger}, as its campaigns do."]
    return [*remains, *_release(asked, lab)]


def _release(asked: _Asked, lab: DeviceLab) -> list[str]:
    by_hand = (
        f"It obeys the check's own ledger {asked.name} until a person releases it: planner device "
        f"FILE --release REASON, where it stands."
    )
    if asked.clear_token is None:
        return [by_hand]
    try:
        lab.release(
            clear_token=asked.clear_token,
            by="planner labs check",
            reason="the check is over",
            device=asked.device,
        )
    except PlannerError as error:
        return [f"It could not be released: {error} {by_hand}"]
    return []
