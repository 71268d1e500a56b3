"""From a campaign file to a session: its ledger, its space, its lab."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from planner.campaign import CampaignSpec, read_campaign, read_space
from planner.campaign.amendment import Change
from planner.campaign.reductions import Own
from planner.campaign.tables_used import hash_tables
from planner.clock import Clock, SystemClock
from planner.errors import InputError, UnknownName
from planner.labs import PersonLab, open_lab
from planner.ledger import Ledger, locate, open_ledger
from planner.ledger.replay import CampaignState, replay
from planner.loop.results.intake import Intake, check_own, make_intake
from planner.loop.sessions.opening import (
    Agree,
    changes_since,
    disagree,
    open_campaign,
    resume_campaign,
)
from planner.loop.sessions.permission import identify
from planner.loop.sessions.session import Session
from planner.loop.sessions.sharing import check_ledger, shared_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which campaign is meant, and where it is recorded.

    Args:
        file: the campaign file.
        name: of the campaign, where it is run beside itself; None for the file's own.
        seed: instead of the file's.
        ledger: place of a ledger that is used whatever file and environment name; None for the
            shared one that they name, or else the one beside the file.
        author: under whose name things are written, where no token says another; empty for the
            operating system's user.
        reductions: the user's own, handed over in Python, by name.
    """

    file: Path
    name: str | None = None
    seed: int | None = None
    ledger: str | None = None
    author: str = ""
    reductions: Own = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where relative paths of the file start."""
        return self.file.resolve().parent

    @property
    def as_typed(self) -> str:
        """The file, and the other name where there is one, as they stand in a command."""
        named = f" --as {shlex.quote(self.name)}" if self.name is not None else ""
        return f"{shlex.quote(str(self.file))}{named}"


def read_spec(place: Place) -> CampaignSpec:
    """Reads the campaign file, under another name or seed where those are given.

    Raises:
        CampaignFileError: with every mistake.
        InputError: the other name cannot be a campaign's.
    """
    spec = read_campaign(place.file)
    changed = {"campaign": place.name, "seed": place.seed}
    changed = {key: value for key, value in changed.items() if value is not None}
    if not changed:
        return spec
    content = spec.model_dump(mode="json", by_alias=True)
    try:
        return CampaignSpec.model_validate({**content, **changed})
    except ValidationError as error:
        raise InputError(
            f"{place.name!r} cannot be the name of a campaign. Use letters, digits, '.', '_' and "
            f"'-', 64 at most, and a letter or digit first."
        ) from error


def open_the_ledger(place: Place, *, clock: Clock, create: bool = True) -> Ledger:
    """Opens the ledger that the campaign is recorded in."""
    spec = read_campaign(place.file)
    name = place.name or spec.campaign
    where = locate(place.file, name=name, shared=find_shared(place, spec))
    try:
        return open_ledger(where, clock=clock, create=create)
    except UnknownName as error:
        raise UnknownName(
            f"Campaign {name!r} has not begun: {_uncapitalised(str(error))} "
            f"'planner run {place.file}' begins it, and so do ask and import."
        ) from error


def find_shared(place: Place, spec: CampaignSpec) -> str | None:
    """Returns the place of the ledger that it shares with other campaigns; None for its own.

    Raises:
        InputError: as of ``shared_ledger``.
    """
    return place.ledger or shared_ledger(spec.lab, folder=place.folder)


def refuse_own_ledger(place: Place) -> None:
    """Accepts a campaign that may be driven from where it is recorded; nothing is opened.

    Raises:
        Refused: its source is a real device, and its ledger is its own.
    """
    spec = read_spec(place)
    check_ledger(spec.source, is_shared=find_shared(place, spec) is not None)


@contextmanager
def at_work(
    place: Place,
    *,
    clock: Clock | None = None,
    may_amend: Agree = disagree,
    with_lab: bool = True,
    may_begin: bool = True,
) -> Iterator[Session]:
    """Opens a campaign for work, and closes what it holds afterwards.

    Args:
        place: which campaign.
        clock: time.
        may_amend: asked whether a changed file is to be entered as an amendment.
        with_lab: whether its source is opened too; who only tells or looks needs none.
        may_begin: whether a campaign that has not begun is begun.

    Raises:
        UnknownName: it has not begun, and is not to be.
    """
    clock = clock or SystemClock()
    spec = read_spec(place)
    space = read_space(spec, folder=place.folder)
    intake = _intake(place, spec)
    check_own(spec, intake)
    with ExitStack() as held:
        lab = open_lab(spec, folder=place.folder) if with_lab else PersonLab()
        held.callback(lab.close)
        ledger = open_the_ledger(place, clock=clock, create=may_begin)
        held.callback(ledger.close)
        if not may_begin:
            resume_campaign(ledger, spec.campaign)
        author = identify(ledger, user=place.author).name
        state = _open_state(ledger, spec, place, author=author, may_amend=may_amend)
        yield Session(
            ledger=ledger,
            state=state,
            space=space,
            lab=lab,
            intake=intake,
            clock=clock,
            author=author,
            folder=place.folder,
            is_shared=find_shared(place, spec) is not None,
        )


@contextmanager
def looking_at(place: Place, *, clock: Clock | None = None) -> Iterator[Session]:
    """Opens a campaign that exists, to look at it; nothing is written.

    Raises:
        UnknownName: it has not been started.
    """
    clock = clock or SystemClock()
    spec = read_spec(place)
    space = read_space(spec, folder=place.folder)
    ledger = open_the_ledger(place, clock=clock, create=False)
    try:
        state = resume_campaign(ledger, spec.campaign)
        yield Session(
            ledger=ledger,
            state=state,
            space=space,
            lab=PersonLab(),
            intake=_intake(place, spec),
            clock=clock,
        )
    finally:
        ledger.close()


def changes_in_file(place: Place, state: CampaignState) -> tuple[Change, ...]:
    """Returns what has changed in the campaign file, and its tables, since they were entered."""
    spec = read_spec(place)
    if place.name is not None and place.seed is None:
        spec = spec.model_copy(update={"seed": state.seed})
    return changes_since(state, spec, hash_tables(spec, folder=place.folder))


def locate_artifacts(folder: Path, name: str) -> Path:
    """Returns where a campaign's files lie: beside its file, wherever its ledger is."""
    return folder / f"{name}.planner" / "artifacts"


def _intake(place: Place, spec: CampaignSpec) -> Intake:
    artifacts = locate_artifacts(place.folder, spec.campaign)
    return make_intake(spec, folder=place.folder, artifacts=artifacts, own=place.reductions)


def _uncapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _open_state(
    ledger: Ledger, spec: CampaignSpec, place: Place, *, author: str, may_amend: Agree
) -> CampaignState:
    if place.name is not None and place.seed is None:
        # run beside itself: the seed it was begun with is not in the file
        begun = replay(itertools.islice(ledger.read(spec.campaign), 1))
        if begun is not None:
            spec = spec.model_copy(update={"seed": begun.seed})
    tables = hash_tables(spec, folder=place.folder)
    return open_campaign(ledger, spec, author=author, tables=tables, may_amend=may_amend)
