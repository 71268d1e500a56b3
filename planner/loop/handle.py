"""A campaign in Python: ask, tell, predict; data frames where chemists have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pandas as pd

from planner.campaign import CampaignSpec, read_space
from planner.campaign.reductions import Own
from planner.clock import SystemClock
from planner.errors import InputError
from planner.labs import PersonLab, Reported
from planner.ledger import Ledger, locate, open_ledger
from planner.ledger.replay import CampaignState
from planner.loop import people
from planner.loop.desk import Place, at_work, locate_artifacts, this_person
from planner.loop.exchange.frames import make_frame, read_frame
from planner.loop.intake import check_own, make_intake
from planner.loop.model import fit_surrogate, predict, predict_classes
from planner.loop.opening import open_campaign, resume_campaign
from planner.loop.session import Session
from planner.models import FitFailure
from planner.space import Configuration, SearchSpace
from planner.trials import Prediction, Proposal, Trial


@dataclass(frozen=True, slots=True)
class Asked:
    """One trial that was handed out.

    Args:
        trial_id: tell its result under this number.
        configuration: what to set, in the campaign file's units.
        proposal: predictions, acquisition value, probability, seed, model version, and why.
    """

    trial_id: int
    configuration: Configuration
    proposal: Proposal

    @property
    def reason(self) -> str:
        """Why this one, in a sentence."""
        return self.proposal.reason


class Campaign:
    """A campaign opened for asking and telling; no engine and no Prefect is needed.

    Use it as a context manager, or call ``close``.
    """

    def __init__(self, session: Session, held: ExitStack) -> None:
        self._session = session
        self._held = held

    @property
    def name(self) -> str:
        """Name of the campaign."""
        return self._session.campaign

    @property
    def spec(self) -> CampaignSpec:
        """The campaign as it is in force."""
        return self._session.refresh().spec

    @property
    def space(self) -> SearchSpace:
        """What may be tried."""
        return self._session.space

    def ask(self, n: int = 1) -> list[Asked]:
        """Hands out the next ``n`` trials; they are pending until told.

        Raises:
            Refused: the campaign has stopped, or its budget does not admit as many.
        """
        return [_asked(trial) for trial in people.ask(self._session, n)]

    def tell(
        self,
        trial_id: int,
        outcomes: Mapping[str, float] | None = None,
        *,
        sd: Mapping[str, float] | None = None,
        achieved: Configuration | None = None,
        failed: str | None = None,
        reason: str = "",
    ) -> str:
        """Tells what became of a trial.

        Args:
            trial_id: as asked.
            outcomes: by name, in the campaign file's units.
            sd: known standard deviations of their errors.
            achieved: parameters that were set otherwise than asked.
            failed: ``machine`` or ``process`` where it brought no result; then with ``reason``.
            reason: why it failed, or a remark.

        Returns:
            What was done, in words.

        Raises:
            InputError: a value cannot be used; nothing was entered.
            Refused: the trial takes no result.
        """
        known = sd or {}
        for name in known:
            if name not in (outcomes or {}):
                raise InputError(f"sd names {name!r}, which is not among the outcomes told.")
        told = people.Told(
            outcomes={
                name: Reported(value=value, sd=known.get(name))
                for name, value in (outcomes or {}).items()
            },
            achieved={name: Reported(value=value) for name, value in (achieved or {}).items()},
            failed=failed,
            reason=reason,
        )
        return people.tell(self._session, trial_id, told)

    def predict(self, configurations: Sequence[Configuration] | pd.DataFrame) -> list[Prediction]:
        """Returns what the model expects of the next single run at each configuration.

        Raises:
            InputError: there are too few observations to predict from.
            ValueOutOfRange: a configuration is not admissible.
        """
        if isinstance(configurations, pd.DataFrame):
            configurations = _rows(configurations)
        state = self._session.refresh()
        surrogate = fit_surrogate(state, self.space)
        if isinstance(surrogate, FitFailure):
            raise InputError(surrogate.reason)
        checked = [self.space.check(each) for each in configurations]
        x = self.space.encode(checked)
        classes = predict_classes(state, self.space, surrogate, x)
        return predict(surrogate, x, state.spec, classes=classes)

    def import_frame(self, frame: pd.DataFrame, *, source: str = "import") -> int:
        """Imports measurements from before the campaign, all rows or none.

        Returns:
            How many.
        """
        records = read_frame(
            frame,
            self.spec,
            self.space,
            self._session.intake,
            source=source,
            origin="data frame",
        )
        self._session.write(records)
        return len(records)

    def to_frame(self) -> pd.DataFrame:
        """Returns one row a trial or imported measurement."""
        return make_frame(self._session.refresh())

    def close(self) -> None:
        """Lets go of the ledger."""
        self._held.close()

    def __enter__(self) -> Campaign:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_file(
    file: Path,
    *,
    name: str | None,
    seed: int | None,
    database_url: str | None,
    reductions: Own | None = None,
) -> Campaign:
    """Opens the campaign of a file, beginning it where it has not begun."""
    held = ExitStack()
    place = Place(
        file=file, name=name, seed=seed, database_url=database_url, reductions=reductions or {}
    )
    return Campaign(held.enter_context(at_work(place, with_lab=False)), held)


def open_recorded(url: str, *, name: str, reductions: Own | None = None) -> Campaign:
    """Opens a campaign that a ledger holds; tables of its file start at the working directory.

    Raises:
        UnknownName: the ledger does not hold it.
    """
    clock = SystemClock()
    ledger = open_ledger(url, clock=clock, create=False)
    held = ExitStack()
    held.callback(ledger.close)
    state = resume_campaign(ledger, name)
    space = read_space(state.spec, folder=Path.cwd())
    return Campaign(_session(ledger, state, space, folder=Path.cwd(), own=reductions), held)


def open_spec(
    spec: CampaignSpec,
    *,
    candidates: pd.DataFrame | None,
    folder: Path,
    database_url: str | None,
    reductions: Own | None = None,
) -> Campaign:
    """Opens a campaign that is described in Python, with its candidates as a data frame.

    Args:
        spec: the campaign; its parameters name columns of the frame.
        candidates: the configurations that may be tried; None for those that the spec admits.
        folder: where its ledger lies, in ``NAME.planner``.
        database_url: of a shared ledger instead.
        reductions: the user's own, by name.

    Raises:
        InputError: the frame lacks a parameter, or a row is no admissible configuration.
    """
    space = read_space(spec, folder=folder)
    if candidates is not None:
        space = _space_of(candidates, spec)
    place = locate(folder / f"{spec.campaign}.yaml", name=spec.campaign, database_url=database_url)
    ledger = open_ledger(place, clock=SystemClock())
    held = ExitStack()
    held.callback(ledger.close)
    state = open_campaign(ledger, spec, author=this_person())
    return Campaign(_session(ledger, state, space, folder=folder, own=reductions), held)


def _session(
    ledger: Ledger, state: CampaignState, space: SearchSpace, *, folder: Path, own: Own | None
) -> Session:
    artifacts = locate_artifacts(folder, state.campaign)
    intake = make_intake(state.spec, folder=folder, artifacts=artifacts, own=own)
    check_own(state.spec, intake)
    return Session(
        ledger=ledger,
        state=state,
        space=space,
        lab=PersonLab(),
        intake=intake,
        clock=SystemClock(),
        author=this_person(),
    )


def _space_of(candidates: pd.DataFrame, spec: CampaignSpec) -> SearchSpace:
    missing = [name for name in spec.scalars if name not in candidates.columns]
    if missing:
        raise InputError(f"The candidates have no column for {', '.join(missing)}.")
    free = SearchSpace(tuple(spec.scalars.values()), spec.all_constraints)
    checked = [free.check(row) for row in _rows(candidates[list(spec.scalars)])]
    distinct = {tuple(row.values()): row for row in checked}
    return SearchSpace(free.parameters, free.constraints, tuple(distinct.values()))


def _rows(frame: pd.DataFrame) -> list[Configuration]:
    records = frame.to_dict(orient="records")
    return [{str(name): value for name, value in record.items()} for record in records]


def _asked(trial: Trial) -> Asked:
    return Asked(trial.number, trial.configuration, trial.proposal)
