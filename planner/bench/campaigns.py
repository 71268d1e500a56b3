"""A whole campaign as a race: the real loop, on a ledger of its own, from its own start."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from planner.bench.pools import Pool
from planner.bench.racing import Race, Rules
from planner.campaign import CampaignSpec
from planner.errors import Stopped
from planner.ledger.replay import CampaignState
from planner.loop.deciding.model import settings_of
from planner.loop.dispatch.keeper import holding
from planner.loop.sessions.desk import Place, at_work
from planner.loop.steps.inline import run_inline
from planner.trials import TrialState

_LONGEST_NAME = 48  # leaves room for the seed within a campaign's longest name


def rules_of(spec: CampaignSpec) -> Rules:
    """Returns the rules by which a campaign is a race: its own start, real repeats, its budget."""
    return Rules(
        replay="repeat", start="own", n_trials=spec.budget.trials, settings=settings_of(spec)
    )


def play_campaign(file: Path, pool: Pool, *, seed: int) -> Race:
    """Runs a campaign to its end with the inline engine and leaves nothing behind.

    Args:
        file: the campaign file.
        pool: the table that it replays.
        seed: of the campaign, instead of the file's; its name carries it, so that the repeats
            that are drawn differ too.

    Raises:
        Stopped: a trial of it brought no result.
    """
    with TemporaryDirectory(prefix="planner-bench-") as folder:
        name = f"{pool.name[:_LONGEST_NAME]}_seed_{seed}"
        ledger = str(Path(folder) / "ledger.db")
        with at_work(Place(file=file, name=name, seed=seed, ledger=ledger)) as session:
            with holding(session):
                run_inline(session)
            return _as_race(session.refresh(), pool, seed=seed)


def _as_race(state: CampaignState, pool: Pool, *, seed: int) -> Race:
    places = {tuple(row.values()): place for place, row in enumerate(pool.space.rows or ())}
    rows, kinds = [], []
    for trial in state.trials.values():
        if trial.state is not TrialState.COMPLETED or trial.observation is None:
            raise Stopped(
                f"Trial {trial.number} of {state.campaign} is {trial.state}: what the campaign "
                f"finds cannot be judged."
            )
        rows.append(places[tuple(trial.configuration[each] for each in pool.space.names)])
        kinds.append(str(trial.proposal.origin))
    return Race.model_validate({"pool": pool.name, "seed": seed, "rows": rows, "kinds": kinds})
