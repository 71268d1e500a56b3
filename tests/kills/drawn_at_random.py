"""The command ``planner``, with decisions drawn at random: what is tried is the dispatch.

With ``BLIND`` in the environment the adapter sends an unanswered order again under another key, as
one does whose device gives out the keys itself: what the judge of a chaos run must catch.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from stepped_clock import obey_steps  # noqa: E402

from planner.acquisition import Choice, Pick  # noqa: E402
from planner.cli.app import main  # noqa: E402
from planner.errors import Unanswered  # noqa: E402
from planner.labs import Answer, KeyedLab, Order  # noqa: E402
from planner.ledger.replay import CampaignState  # noqa: E402
from planner.loop import advance  # noqa: E402
from planner.loop.propose import Chosen  # noqa: E402
from planner.space import SearchSpace  # noqa: E402


def decide_at_once() -> None:
    """Let the loop draw settings instead of deciding: no model, no fit."""
    generator = np.random.default_rng()

    def draw(state: CampaignState, space: SearchSpace, *, q: int) -> Chosen:
        picks = tuple(_pick(space, generator) for _ in range(q))
        choice = Choice(
            picks=picks, surrogate=None, failure=None, is_exhausted=False, seed=state.seed
        )
        situation = SimpleNamespace(space=space, settings=SimpleNamespace(acquisition=None))
        return Chosen(choice, situation, state.seed, state.sequence)  # type: ignore[arg-type]

    advance.decide = draw


def _pick(space: SearchSpace, generator: np.random.Generator) -> Pick:
    configuration = space.check(
        {"temperature": generator.uniform(100, 150), "flow": generator.uniform(1, 5)}
    )
    return Pick(
        configuration=configuration,
        row=None,
        x=np.zeros(2),
        kind="start",
        forecast=None,
        acquisition_value=None,
        reason="drawn at random",
    )


def send_blindly() -> None:
    """Let the adapter send again what was not answered, under a new key."""
    submit = KeyedLab.submit

    def submit_again(self: KeyedLab, order: Order) -> Answer:
        for attempt in range(5):
            key = f"{order.key}-{attempt}" if attempt else order.key
            try:
                return replace(submit(self, replace(order, key=key)), key=order.key)
            except Unanswered:
                continue
        return submit(self, order)

    KeyedLab.submit = submit_again  # type: ignore[method-assign]


def run() -> None:
    """Run the command in ``sys.argv``."""
    obey_steps()
    decide_at_once()
    if os.environ.get("BLIND"):
        send_blindly()
    main()


if __name__ == "__main__":
    run()
