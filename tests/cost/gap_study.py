"""What a third of the range without data does to a model: the figures of docs/benchmarks/gaps.md.

A wave over one parameter, measured everywhere but in the middle third, with noise of 0.05: at 12
random settings, or at 30 that lie evenly; and, as a control, at 12 that lie evenly over the whole
range. Of each family and seed is kept where the next proposal lies under the aim ``learn``, whether
its sentence says that the physics there is poorly understood, and how much larger the epistemic
deviation is inside the gap than outside. One file of JSON lines is written to, and what is in it is
not computed again.

    python tests/cost/gap_study.py --to found.jsonl --seeds 20
    python tests/cost/gap_study.py --to found.jsonl --seeds 10 --model bnn --layout even
    python tests/cost/gap_study.py --to found.jsonl --page docs/benchmarks/gaps.md
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

from planner.acquisition import Settings, Situation, choose
from planner.campaign.objectives import Maximise
from planner.models import Surrogate
from planner.models.coverage.corrected import Corrected
from planner.space import Continuous, Floats, SearchSpace

sys.path.insert(0, str(Path(__file__).parents[2]))

Layout = Literal["random", "even", "whole"]
N_MEASURED: dict[Layout, int] = {"random": 12, "even": 30, "whole": 12}
NOISE_SD = 0.05
LOW, HIGH = 1 / 3, 2 / 3  # of the gap
ROWS = np.linspace(0, 1, 201).round(4)[:, None]
MODELS = ("gp", "averaged_gp", "auto", "deep_ensemble", "variational_bnn", "bnn")
WORDS = "the physics there is poorly understood"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one family did with one set of data.

    Args:
        x: where its next proposal lies.
        is_said: whether the proposal's sentence says that little is understood there.
        left: share of the deviation expected beforehand that is left at the proposal.
        ratio: mean epistemic deviation of the corrected surrogate inside the gap over that outside.
        ratio_as_fitted: the same without the correction.
        caveat: what the surrogate says of itself, or why there is none.
        cpu_s: processor time of the choice, fit included.
    """

    model: str
    layout: Layout
    seed: int
    x: float
    is_said: bool
    left: float | None
    ratio: float | None
    ratio_as_fitted: float | None
    caveat: str | None
    cpu_s: float

    @property
    def is_in_gap(self) -> bool:
        """Whether the proposal lies where nothing was measured."""
        return LOW < self.x < HIGH


def measured(layout: Layout, seed: int) -> tuple[Floats, Floats]:
    """Returns settings, ``n 1``, and what was measured there."""
    rng = np.random.default_rng(seed)
    n = N_MEASURED[layout]
    x = rng.random(n) if layout == "random" else np.linspace(0, 1, n)
    if layout != "whole":
        x = np.where(x > 1 / 2, HIGH + (x - 1 / 2) * 2 / 3, x * 2 / 3)
    x = x[:, None]
    return x, np.sin(7 * x[:, 0]) + x[:, 0] + NOISE_SD * rng.standard_normal(n)


def situation(layout: Layout, seed: int, model: str) -> Situation:
    """Returns a campaign that wants to learn the process."""
    x, y = measured(layout, seed)
    return Situation(
        space=SearchSpace(
            (Continuous(name="x", low=0, high=1),), rows=tuple({"x": float(x)} for [x] in ROWS)
        ),
        objective=Maximise(outcome="y"),
        x=x,
        y=y,
        settings=replace(Settings.of_aim("learn"), family=model),
    )


def gap_ratio(surrogate: Surrogate) -> float:
    """Returns the mean epistemic deviation inside the gap over that outside."""
    at = torch.from_numpy(ROWS)
    is_inside = (at[:, 0] > LOW) & (at[:, 0] < HIGH)
    sd = surrogate.moments(at)[1]
    return float(sd[is_inside].mean() / sd[~is_inside].mean())


def study(model: str, layout: Layout, seed: int) -> Found:
    """Fits a family to one set of data and asks where to measure next."""
    began = time.process_time()
    choice = choose(situation(layout, seed, model), q=1, seed=seed)
    cpu_s = time.process_time() - began
    [pick], surrogate = choice.picks, choice.surrogate
    x, is_said = float(pick.x[0]), WORDS in pick.reason
    if surrogate is None:
        assert choice.failure is not None
        return Found(
            model=model, layout=layout, seed=seed, x=x, is_said=is_said, left=None, ratio=None,
            ratio_as_fitted=None, caveat=choice.failure.reason, cpu_s=cpu_s,
        )  # fmt: skip
    fitted = surrogate.base if isinstance(surrogate, Corrected) else surrogate
    sd = surrogate.moments(torch.from_numpy(pick.x)[None, :])[1]
    return Found(
        model=model, layout=layout, seed=seed, x=x, is_said=is_said,
        left=float(sd[0]) / surrogate.prior_sd, ratio=gap_ratio(surrogate),
        ratio_as_fitted=gap_ratio(fitted), caveat=surrogate.caveat, cpu_s=cpu_s,
    )  # fmt: skip


def main() -> None:
    """Computes what is missing, and writes the page where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--model", action="append", help="a family; six unless one is named")
    parser.add_argument("--layout", action="append", choices=get_args(Layout))
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines = given.to.read_text().splitlines() if given.to.exists() else []
    found = [Found(**json.loads(line)) for line in lines]
    if given.page is not None:
        from tests.cost.gap_page import write_page

        write_page(found, given.page)
        return
    done = {(each.model, each.layout, each.seed) for each in found}
    for model in given.model or MODELS:
        for layout in given.layout or get_args(Layout):
            for seed in range(given.seeds):
                if (model, layout, seed) not in done:
                    each = study(model, layout, seed)
                    with given.to.open("a") as file:
                        file.write(json.dumps(asdict(each)) + "\n")
                    print(each, flush=True)


if __name__ == "__main__":
    main()
