"""Which settings were tried, or are about to be: known at once, however many trials there were."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from struct import pack

from planner.ledger.replay import CampaignState, is_measured_later
from planner.ledger.trial_index import Multiset
from planner.space import Configuration, SearchSpace, Value
from planner.trials import PENDING, Trial, TrialState

Key = tuple[Value, ...]

_SETTLED = frozenset({TrialState.COMPLETED, TrialState.FAILED_BY_PROCESS})


class Taken:
    """The settings that are not to be chosen again.

    What has failed by machine or was left out may be tried again; what people vetoed may not.

    Args:
        state: of the campaign.
        space: what may be tried; what is measured and not set does not tell settings apart.
    """

    def __init__(self, state: CampaignState, space: SearchSpace) -> None:
        self._names = tuple(name for name in space.names if name not in space.contextual)
        self._of_trials = state.trials.view(
            ("taken", self._names), partial(Multiset, partial(_taken, self._names))
        )
        self._imported = {
            _key(self._names, each.configuration)
            for number, each in enumerate(state.imported, start=1)
            if number not in state.excluded_imports
        }

    def __contains__(self, configuration: Configuration) -> bool:
        key = _key(self._names, configuration)
        return key in self._of_trials.counts or key in self._imported

    def key(self, configuration: Configuration) -> int:
        """Returns what tells these settings from others, but for one chance in some 10^19."""
        return _key(self._names, configuration)


def settings_tried(state: CampaignState) -> Mapping[Key, int]:
    """Returns how many trials have tried each configuration, by its values in order."""
    return state.trials.view("tried", lambda: Multiset(_tried)).counts


def _is_tried(trial: Trial) -> bool:
    # what was left out may be proposed again
    is_known = trial.state in _SETTLED or is_measured_later(trial)
    return is_known and not trial.excluded


def _tried(trial: Trial) -> Key | None:
    return tuple(trial.configuration.values()) if _is_tried(trial) else None


def _taken(names: tuple[str, ...], trial: Trial) -> int | None:
    is_taken = trial.state in PENDING or _is_tried(trial)
    return _key(names, trial.configuration) if is_taken or trial.vetoed else None


def _key(names: tuple[str, ...], configuration: Configuration) -> int:
    # a tuple of the values would take as much memory as the whole packed trial
    return hash(tuple(_distinct(configuration[name]) for name in names))


def _distinct(value: Value) -> str | bytes:
    """Returns what hashes apart: as numbers -1 and -2 do not."""
    return value if isinstance(value, str) else pack("d", float(value) + 0.0)  # one zero, not two
