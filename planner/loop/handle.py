"""A campaign in Python: ask, tell, predict; data frames where chemists have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pandas as pd

from planner.campaign import CampaignSpec
from planner.campaign.reductions import Own
from planner.errors import InputError
from planner.labs import Reported
from planner.loop import people
from planner.loop.deciding.model import fit_surrogate, predict, predict_classes
from planner.loop.exchange import import_rows
from planner.loop.exchange.frames import make_frame, rows_of
from planner.loop.people.settings import fill_settings
from planner.loop.sessions.described import rows_of_frame, session_of_record, session_of_spec
from planner.loop.sessions.desk import Place, at_work
from planner.loop.sessions.session import Session
from planner.loop.sheets import Given, How, answer_in_words, report, tell_table
from planner.loop.sheets.frames import frame_to_fill, sheet_of_frame
from planner.models import FitFailure
from planner.space import Configuration, SearchSpace, Value
from planner.trials import Prediction, Proposal, Trial, Wanted


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

    def ask(
        self,
        n: int = 1,
        *,
        lock: Mapping[str, Value] | None = None,
        avoid: Sequence[Mapping[str, Value]] = (),
        context: Mapping[str, Value] | None = None,
    ) -> list[Asked]:
        """Hands out the next ``n`` trials; they are pending until told.

        Args:
            n: how many.
            lock: parameters that are held at a value, for this ask.
            avoid: combinations that are left out, for this ask.
            context: what is measured now and not set, such as the humidity.

        Raises:
            InputError: a wish is outside its domain, or leaves nothing.
            Refused: a stop rule is met, or the budget does not admit as many.
        """
        wishes = people.Wishes(
            lock=_settings(lock),
            avoid=[_settings(each) for each in avoid],
            context=_settings(context),
        )
        return [_asked(trial) for trial in people.ask(self._session, n, wishes=wishes)]

    def propose(
        self, configuration: Configuration, *, reason: str = "", by_hand: bool = False
    ) -> people.Proposed:
        """Enters a trial of your own, with what the model expects of it.

        Args:
            configuration: all that is set, in the campaign file's units.
            reason: why this trial.
            by_hand: whether you run it although a machine is the source.

        Returns:
            The trial, and how it compares with the planner's own choice.

        Raises:
            InputError: a value is missing or outside its domain.
            Refused: its budget is used up.
        """
        values = _settings(configuration)
        return people.propose(self._session, values, reason=reason, by_hand=by_hand)

    def to_fill_in(self, asked: Sequence[Asked] | None = None) -> pd.DataFrame:
        """Returns a table to fill in and to ``tell``: a row a trial, units in its heads.

        Args:
            asked: which trials; None for all that you have in hand.
        """
        state = self._session.refresh()
        if asked is None:
            trials = people.trials_to_tell(state, author=self._session.author)
        else:
            trials = [state.trial(each.trial_id) for each in asked]
        return frame_to_fill(state.spec, trials)

    def tell(
        self,
        what: int | pd.DataFrame,
        outcomes: Mapping[str, Given] | None = None,
        *,
        sd: Mapping[str, float] | None = None,
        achieved: Configuration | None = None,
        failed: str | None = None,
        reason: str = "",
        done: bool = False,
        lost: Sequence[str] = (),
        correct: bool = False,
        partial: bool = False,
    ) -> str:
        """Tells what became of a trial, or of all trials of a table.

        Args:
            what: a trial as asked; or a table as of ``to_fill_in``, in which rows without a trial
                are trials of your own.
            outcomes: by name, in the campaign file's units: a number, a class, a ``Curve``, or
                the path of a file; others may be told later.
            sd: known standard deviations of their errors, above 0.
            achieved: parameters that were set otherwise than asked.
            failed: ``machine`` or ``process`` where it brought no result; then with ``reason``.
            reason: why it failed, was corrected or given up, or a remark.
            done: whether it was performed, also where nothing is measured yet.
            lost: outcomes that nobody will measure any more.
            correct: whether values that were told before may be replaced.
            partial: of a table, whether rows are entered although others are refused.

        Returns:
            What was done, in words.

        Raises:
            InputError: a value cannot be used; nothing was entered.
            Refused: the trial takes no result.
        """
        if isinstance(what, pd.DataFrame):
            how = How(corrects=correct, reason=reason, is_partial=partial)
            return self._tell_frame(what, how)
        known, spec = sd or {}, self.spec
        for name in known:
            if name not in (outcomes or {}):
                raise InputError(f"sd names {name!r}, which is not among the outcomes told.")
        told = people.Told(
            outcomes={
                name: report(value, spec.outcomes.get(name), sd=known.get(name))
                for name, value in (outcomes or {}).items()
            },
            achieved=_settings(achieved),
            failed=failed,
            reason=reason,
            is_done=done,
            lost=tuple(lost),
            corrects=correct,
        )
        return people.tell(self._session, what, told)

    def _tell_frame(self, frame: pd.DataFrame, how: How) -> str:
        answer = tell_table(self._session, sheet_of_frame(frame), folder=Path.cwd(), how=how)
        if answer.exit_code and not how.is_partial:
            raise InputError(answer_in_words(answer))
        return answer_in_words(answer)

    def go(self, *, reason: str = "") -> None:
        """Lets the campaign go on that was asked to stop, or that stopped after failures.

        Args:
            reason: why, such as what was mended.
        """
        people.want(self._session, Wanted.RUN, reason=reason)

    def veto(self, trial_id: int, *, reason: str) -> str:
        """Rejects a trial that waits or was handed out; it is never proposed again.

        Raises:
            InputError: there is no reason.
            Refused: it has ended, or a machine has it.
        """
        return people.veto(self._session, trial_id, reason=reason)

    def exclude(self, which: int | str, *, reason: str, undo: bool = False) -> str:
        """Leaves a result out of what is learned from, or takes it in again.

        Args:
            which: a trial, or ``import:3`` for the third imported measurement.
            reason: why.
            undo: whether it is taken in again.

        Raises:
            InputError: there is no reason.
            Refused: there is no result.
        """
        return people.exclude(self._session, which, reason=reason, undo=undo)

    def note(self, text: str, *, trial_id: int | None = None) -> str:
        """Notes something, on a trial or on the campaign."""
        return people.note(self._session, text, trial=trial_id)

    def predict(self, configurations: Sequence[Configuration] | pd.DataFrame) -> list[Prediction]:
        """Returns what the model expects of the next single run at each configuration.

        Where a class is wanted, the chance of the wanted ones, and the probability of each class.
        What is fixed need not be named, nor what was last measured of what nobody sets. Of a frame
        the columns of parameters are read.

        Raises:
            UnknownName: a configuration names what is no parameter.
            InputError: there are too few observations to predict from, or it is no list.
            ValueOutOfRange: a configuration is not admissible.
        """
        if isinstance(configurations, pd.DataFrame):
            configurations = rows_of_frame(configurations)
        elif isinstance(configurations, Mapping):
            raise InputError("These are single settings. Give a list of them: predict([settings]).")
        else:
            for name in {name for each in configurations for name in each}:
                self.space.parameter(name)
        state = self._session.refresh()
        surrogate = fit_surrogate(state, self.space)
        if isinstance(surrogate, FitFailure):
            raise InputError(surrogate.reason)
        filled = [fill_settings(each, state, self.space)[0] for each in configurations]
        if not filled:
            return []
        x = self.space.encode([self.space.check(each) for each in filled])
        classes = predict_classes(state, self.space, surrogate, x)
        return predict(surrogate, x, state.spec, classes=classes)

    def import_frame(
        self, frame: pd.DataFrame, *, source: str = "import", may_repeat: bool = False
    ) -> int:
        """Imports measurements from before the campaign, all rows or none.

        Args:
            frame: a row a measurement, with columns as in a table for ``planner import``.
            source: who measured, for rows that do not say it.
            may_repeat: whether rows that came from a frame before are entered again.

        Returns:
            How many were entered.
        """
        done = import_rows(
            self._session,
            rows_of(frame, self.spec),
            source=source,
            origin="data frame",
            may_repeat=may_repeat,
        )
        return done.n

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
    reductions: Own | None = None,
) -> Campaign:
    """Opens the campaign of a file, beginning it where it has not begun."""
    held = ExitStack()
    place = Place(file=file, name=name, seed=seed, reductions=reductions or {})
    return Campaign(held.enter_context(at_work(place, with_lab=False)), held)


def open_recorded(url: str, *, name: str, reductions: Own | None = None) -> Campaign:
    """Opens a campaign that a ledger holds; as of ``session_of_record``."""
    held = ExitStack()
    return Campaign(session_of_record(url, name=name, held=held, reductions=reductions), held)


def open_spec(
    spec: CampaignSpec,
    *,
    candidates: pd.DataFrame | None,
    folder: Path,
    reductions: Own | None = None,
) -> Campaign:
    """Opens a campaign that is described in Python; as of ``session_of_spec``."""
    held = ExitStack()
    session = session_of_spec(
        spec,
        candidates=candidates,
        folder=folder,
        held=held,
        reductions=reductions,
    )
    return Campaign(session, held)


def _settings(values: Mapping[str, Value] | None) -> dict[str, Reported]:
    return {name: Reported(value=value) for name, value in (values or {}).items()}


def _asked(trial: Trial) -> Asked:
    return Asked(trial.number, trial.configuration, trial.proposal)
