"""What each family of models predicts of the rest of a table: docs/benchmarks/models.md.

Ten real tables, one real repeat of each setting drawn. A family is fitted to 40 random rows, or
three fifths of a small table, and predicts single runs of all others. One file of JSON lines is
written to, and what is in it is not computed again. Models of other planners predict the same rows
where an environment of theirs is given (``planner bench --against`` makes them).

    python tests/cost/family_study.py ../shared/data --to found.jsonl --splits 4
    python tests/cost/family_study.py ../shared/data --to found.jsonl --peers FOLDER
    python tests/cost/family_study.py ../shared/data --to found.jsonl --page models.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import norm

from planner.acquisition import Settings, Situation
from planner.acquisition.fitted import make_task
from planner.bench.catalogue import read_pools
from planner.bench.pools import Pool
from planner.bench.racing import answer
from planner.models import FAMILIES, Surrogate, correct, spread_at
from planner.models.coverage.correction import Evidence
from planner.models.coverage.distribution import Distribution
from planner.rng import derive_seed, make_generator
from planner.space import Categorical, Floats

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.cost.coverage_study import MOST_JUDGED, N_TRIALS, TABLES
from tests.cost.family_page import CORRECTED, PEERS, write_page


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one model predicted on one split.

    Args:
        nlpd, crps: means, in units of the table's deviation.
        covered: share of 90 % intervals that held.
        n: of how many predictions.
        fit_s: processor time of the fit; None of another planner.
        left_out: why the family does not serve these data, and then nothing is known.
        counts: of ``auto``, who counts how much.
    """

    table: str
    model: str
    split: int
    nlpd: float | None = None
    crps: float | None = None
    covered: float | None = None
    n: int = 0
    fit_s: float | None = None
    left_out: str = ""
    counts: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Split:
    """Rows of a table that a model is fitted to, and rows that it predicts."""

    pool: Pool
    number: int
    outcomes: Floats
    known: list[int]
    asked: list[int]

    @classmethod
    def of(cls, pool: Pool, number: int) -> Split:
        """Returns one of the random splits of a table."""
        order = make_generator(derive_seed(number, "split", pool.name)).permutation(pool.n_settings)
        n = min(N_TRIALS, int(0.6 * pool.n_settings))
        return cls(
            pool=pool,
            number=number,
            outcomes=np.array(
                [answer(pool, row, "repeat", seed=number) for row in range(pool.n_settings)]
            ),
            known=[int(row) for row in order[:n]],
            asked=[int(row) for row in order[n:][:MOST_JUDGED]],
        )

    def situation(self) -> Situation:
        """Returns what is known."""
        return Situation(
            space=self.pool.space, objective=self.pool.objective,
            x=self.pool.space.encoded_rows[self.known], y=self.outcomes[self.known],
            settings=Settings(),
        )  # fmt: skip

    def judged(self, said: list[Distribution], model: str, **more: object) -> Found:
        """Returns the scores of predictions, in the order of the rows that were asked for."""
        sd = float(self.outcomes.std())
        values = self.outcomes[self.asked]
        pairs = list(zip(said, values, strict=True))
        return Found(
            table=self.pool.name, model=model, split=self.number, n=len(pairs),
            nlpd=float(np.mean([-each.log_density(y) - np.log(sd) for each, y in pairs])),
            crps=float(np.mean([each.crps(y) / sd for each, y in pairs])),
            covered=float(np.mean([each.level_needed(y) <= 0.9 for each, y in pairs])),
            **more,  # type: ignore[arg-type]
        )  # fmt: skip


def predicted(surrogate: Surrogate, split: Split) -> list[Distribution]:
    """Returns the distribution of a single run at each row that is asked for."""
    x = torch.from_numpy(split.pool.space.encoded_rows[split.asked])
    return [Distribution.of(spread_at(surrogate, each[None, :])) for each in x]


def ours(split: Split, models: list[str]) -> Iterator[Found]:
    """Yields what each family predicted."""
    task = make_task(split.situation())
    for name in models:
        family = FAMILIES[name.partition(",")[0]]
        reason = family.misfit(task)
        began = time.process_time()
        fitted = family.fit(task) if reason is None else None
        fit_s = time.process_time() - began
        if not isinstance(fitted, Surrogate):
            words = reason if fitted is None else fitted.reason
            yield Found(table=split.pool.name, model=name, split=split.number, left_out=str(words))
            continue
        if name == CORRECTED:
            fitted = correct(fitted, Evidence.none(), places=split.pool.space.encoded_rows)
        counts = fitted.comparison.weights if fitted.comparison is not None else None
        yield split.judged(predicted(fitted, split), name, fit_s=fit_s, counts=counts)


def of_peer(split: Split, peer: str, folder: Path) -> Found:
    """Returns what another planner's default model predicted, without any noise of a run."""
    told = json.dumps(
        {"pool": wired(split.pool), "known": split.known, "asked": split.asked,
         "outcomes": split.outcomes[split.known].tolist()}
    )  # fmt: skip
    script = Path(__file__).with_name("predict_with_peer.py")
    python = folder / peer / "bin" / "python"
    done = subprocess.run(
        [python, script, peer], input=told, capture_output=True, text=True, check=True
    )  # fmt: skip
    moments = json.loads(done.stdout.splitlines()[-1])
    said = [Normal(mean, max(sd, 1e-12)) for mean, sd in moments]
    return split.judged(said, peer)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Normal:
    """A normal distribution, scored by closed forms."""

    mean: float
    sd: float

    def log_density(self, value: float) -> float:
        """Returns the log density of a value."""
        return float(norm.logpdf(value, self.mean, self.sd))

    def crps(self, value: float) -> float:
        """Returns the continuous ranked probability score (Gneiting and Raftery 2007, eq. 21)."""
        z = (value - self.mean) / self.sd
        return float(self.sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)))

    def level_needed(self, value: float) -> float:
        """Returns the level of the smallest central interval that holds a value."""
        return float(2 * norm.cdf(abs(value - self.mean) / self.sd) - 1)


def wired(pool: Pool) -> dict[str, object]:
    """Returns a pool as other planners are shown it."""
    parameters = [
        {"name": each.name, "choices": list(each.choices)}
        if isinstance(each, Categorical)
        else {"name": each.name, "low": each.low, "high": each.high}
        for each in pool.space.parameters
    ]
    names = [each.name for each in pool.space.parameters]
    rows = [[row[name] for name in names] for row in pool.space.rows or ()]
    return {"seed": 0, "is_maximised": True, "parameters": parameters, "rows": rows}


def main() -> None:
    """Computes what is missing, and writes the page where one is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=4)
    parser.add_argument("--model", action="append", help="a family; all unless one is named")
    parser.add_argument("--peers", type=Path, help="folder of the environments of ax and baybe")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines = given.to.read_text().splitlines() if given.to.exists() else []
    found = [Found(**json.loads(line)) for line in lines]
    if given.page is not None:
        write_page(found, given.page)
        return
    models = list(PEERS) if given.peers else given.model or [*FAMILIES, CORRECTED]
    done = {(each.table, each.model, each.split) for each in found}
    for number in range(given.splits):
        for pool in read_pools(TABLES, tables=given.tables):
            missing = [name for name in models if (pool.name, name, number) not in done]
            split = Split.of(pool, number)
            each_found = (
                (of_peer(split, name, given.peers) for name in missing)
                if given.peers
                else ours(split, missing)
            )
            for each in each_found:
                with given.to.open("a") as file:
                    file.write(json.dumps(asdict(each)) + "\n")
                print(each, flush=True)


if __name__ == "__main__":
    main()
