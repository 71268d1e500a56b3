"""What a person says of a trial, and whether it makes sense and can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planner.errors import InputError, UnknownName
from planner.labs import Reported, Result
from planner.ledger.replay import CampaignState
from planner.loop.results.check import Checked, check_result
from planner.loop.sensors.sensed import sense_trial, with_sensed
from planner.loop.sessions.session import Session
from planner.trials import Trial

NOTHING = "Nothing was entered."
_NO_OUTCOME = "it holds no outcome"  # of a machine's result; a person may tell outcomes later


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person says of one trial.

    Args:
        outcomes: by name; those that are missing may be told later.
        achieved: parameters that were set otherwise than asked.
        failed: ``machine`` or ``process`` where it brought no result.
        reason: why it failed, was corrected or is given up; or a remark.
        is_done: whether it was performed, also where nothing is measured yet.
        lost: outcomes that nobody will measure any more.
        corrects: whether values that were told before may be replaced.
    """

    outcomes: Mapping[str, Reported] = field(default_factory=dict)
    achieved: Mapping[str, Reported] = field(default_factory=dict)
    failed: str | None = None
    reason: str = ""
    is_done: bool = False
    lost: tuple[str, ...] = ()
    corrects: bool = False


def check_sense(told: Told, trial: Trial, state: CampaignState) -> None:
    """Accepts what says something and does not contradict itself.

    Raises:
        InputError: it says nothing, contradicts itself, or lacks a reason.
        UnknownName: it gives up an outcome that there is not.
    """
    number = trial.number
    for name in told.lost:
        if name not in state.spec.outcomes:
            known = ", ".join(state.spec.outcomes)
            raise UnknownName(f"Trial {number}: there is no outcome {name!r}, only {known}.")
    says_something = told.outcomes or told.lost or told.is_done or told.failed is not None
    if not says_something and not (told.corrects and told.achieved):
        raise InputError(
            f"Trial {number}: tell an outcome, that it is done, or that it failed and why."
        )
    if told.failed is not None and (told.outcomes or told.lost):
        raise InputError(
            f"Trial {number} cannot both have failed and have outcomes. If it brought a result, it "
            f"is done; if not, leave the outcomes out."
        )
    if told.lost:
        require_reason("Giving an outcome up", told)


def require_reason(what: str, told: Told) -> None:
    """Accepts what is said with a reason.

    Raises:
        InputError: there is none.
    """
    if not told.reason.strip():
        raise InputError(f"{what} needs a reason: say why (--reason, or the note of the row).")


def check_told(session: Session, state: CampaignState, trial: Trial, told: Told) -> Checked:
    """Returns what was told in the campaign's own units.

    Raises:
        InputError: a value cannot be used.
    """
    if not told.outcomes and not told.achieved:
        return Checked({}, None, ())
    known = trial.observation
    settings = known.configuration if known is not None else trial.configuration
    result = Result(outcomes=dict(told.outcomes), achieved=dict(told.achieved))
    checked = check_result(
        result,
        spec=state.spec,
        space=session.space,
        intake=session.intake,
        requested=settings,
    )
    problems = [each for each in checked.problems if told.outcomes or each != _NO_OUTCOME]
    if problems:
        listed = "; ".join(problem.rstrip(".") for problem in problems)
        end = "" if listed.endswith("?") else "."
        raise InputError(f"Trial {trial.number}: {listed}{end} {NOTHING}")
    return checked


def check_with_sensors(session: Session, state: CampaignState, trial: Trial, told: Told) -> Checked:
    """Returns what was told of a trial's end, with the conditions that sensors know.

    Raises:
        InputError: a value cannot be used, or no sensor knows what was not told.
    """
    checked = check_told(session, state, trial, told)
    sensed = sense_trial(session, trial, told=told.achieved)
    for name, why in sensed.unknown.items():
        raise InputError(
            f"Trial {trial.number}: its sensor does not know {name} ({why}). Tell it too: "
            f"--achieved {name}=VALUE. {NOTHING}"
        )
    return replace(checked, achieved=with_sensed(checked.achieved, trial, sensed))
