"""Models of many observations compared on results that they did not see: docs/decisions/0021.

``python tests/cost/large_study.py --sizes 3000 20000``: an exact process of 2,000 observations;
that process with all observations through inducing points (with the variance that these leave
out, "fitc", or without, "vfe"; each is chosen where the variance given the earlier ones is
largest); and the nearest-neighbour process. In 6 dimensions, of Hartmann's function and of a
draw of a Gaussian process with lengthscale 0.9, with noise of a tenth and a fifth of the deviation.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from planner.bench.functions import named_problems  # noqa: E402
from planner.models import Observations, Task, family  # noqa: E402
from planner.models.gaussian.process import GaussianProcess  # noqa: E402
from planner.models.large.surrogate import LargeProcess  # noqa: E402

D, N_HELD_OUT, N_EXACT, N_CHOSEN_FROM, BLOCK = 6, 2000, 2000, 8192, 2048
NOISE = {"hartmann": 0.1, "draw": 0.2}


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says where nothing was learned from."""

    name: str
    mean: torch.Tensor
    var: torch.Tensor
    noise: float
    cpu_s: float


def function(name: str, x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    if name == "hartmann":
        [problem] = named_problems(["hartmann_6"])
        return np.asarray(problem.values(x))
    n = 4000  # Fourier features of Matern 5/2
    scale = np.sqrt(5.0 / generator.chisquare(5.0, n))
    frequencies = generator.standard_normal((n, D)) / 0.9 * scale[:, None]
    phases = 2.0 * np.pi * generator.random(n)
    parts = np.array_split(x, 20)
    return np.concatenate([np.cos(part @ frequencies.T + phases).sum(axis=1) for part in parts])


def chosen(process: GaussianProcess, x: torch.Tensor, m: int) -> torch.Tensor:
    left = torch.full((len(x),), process.signal_variance, dtype=x.dtype)
    rows = torch.zeros(m, len(x), dtype=x.dtype)
    places = []
    for j in range(m):
        i = int(left.argmax())
        places.append(i)
        row = process.prior_covariance(x[i : i + 1], x)[0] - rows[:j, i] @ rows[:j]
        rows[j] = row / left[i].sqrt()
        left = (left - rows[j].square()).clamp_min(0.0)
    return x[places]


def inducing(
    process: GaussianProcess, seen: Observations, at: torch.Tensor, *, m: int, kind: str
) -> Said:
    started = time.process_time()
    points = chosen(process, seen.x[:N_CHOSEN_FROM], m)
    eye = torch.eye(m, dtype=at.dtype)
    root = torch.linalg.cholesky(process.prior_covariance(points, points) + 1e-10 * eye)
    scale, noise = process.scale, process.noise_variance
    z = (seen.y - scale.mean) / scale.sd - process.mean
    precision, towards = eye.clone(), torch.zeros(m, dtype=at.dtype)
    for x, part in zip(seen.x.split(BLOCK), z.split(BLOCK), strict=True):
        a = torch.linalg.solve_triangular(root, process.prior_covariance(points, x), upper=False)
        left = (process.signal_variance - a.square().sum(dim=0)).clamp_min(0.0)
        var = noise + left if kind == "fitc" else torch.full_like(left, noise)
        precision += (a / var) @ a.T
        towards += (a / var) @ part
    factor = torch.linalg.cholesky(precision)
    w = torch.linalg.solve_triangular(root, process.prior_covariance(points, at), upper=False)
    mean = w.T @ torch.cholesky_solve(towards[:, None], factor)[:, 0] + process.mean
    known = torch.linalg.solve_triangular(factor, w, upper=False).square().sum(dim=0)
    var = process.signal_variance - w.square().sum(dim=0) + known
    return Said(
        name=f"{kind}, {m} points",
        mean=scale.mean + scale.sd * mean,
        var=scale.sd**2 * var,
        noise=scale.sd**2 * noise,
        cpu_s=time.process_time() - started,
    )


def models(task: Task, at: torch.Tensor) -> Iterator[Said]:
    seen = task.observations
    part = Observations(x=seen.x[:N_EXACT], y=seen.y[:N_EXACT], var=seen.var[:N_EXACT])
    started = time.process_time()
    exact = family("gp").fit(replace(task, observations=part))
    fit_s = time.process_time() - started
    assert isinstance(exact, GaussianProcess)
    found = exact.predict(at)
    noise = float(found.noise_sd[0]) ** 2
    yield Said(f"exact, of {N_EXACT}", found.mean, found.sd.square(), noise, fit_s)
    for kind in ("fitc", "vfe"):
        for m in (512, 1024):
            said = inducing(exact, seen, at, m=m, kind=kind)
            yield replace(said, cpu_s=said.cpu_s + fit_s)
    started = time.process_time()
    large = family("large_gp").fit(task)
    fit_s = time.process_time() - started
    assert isinstance(large, LargeProcess)
    for k in (32, 64, 96, 128):
        started = time.process_time()
        found = replace(large, n_neighbours=k).predict(at)
        noise = float(found.noise_sd[0]) ** 2
        cpu_s = fit_s + time.process_time() - started
        yield Said(f"nearest {k}", found.mean, found.sd.square(), noise, cpu_s)


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=(3_000, 20_000))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| function | n | model | -log density | error of the process | 90 % holds | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, noise in NOISE.items():
        for n in options.sizes:
            generator = np.random.default_rng(options.seed)
            x = generator.random((n + N_HELD_OUT, D))
            f = function(name, x, generator)
            f = (f - f.mean()) / f.std()
            y = f + noise * generator.standard_normal(len(f))
            task = Task(Observations.from_arrays(x[:n], y[:n]), columns=tuple(range(D)))
            true, run = torch.from_numpy(f[n:]), torch.from_numpy(y[n:])
            for said in models(task, torch.from_numpy(x[n:])):
                sd = (said.var + said.noise).sqrt()
                error = (run - said.mean) / sd
                lost = 0.5 * error.square() + sd.log() + 0.5 * math.log(2.0 * math.pi)
                rmse = (said.mean - true).square().mean().sqrt()
                holds = (error.abs() < 1.645).double().mean()
                print(
                    f"| {name} | {n:,} | {said.name} | {lost.mean():.3f} | {rmse:.3f} "
                    f"| {100 * holds:.0f} % | {said.cpu_s:.1f} |",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
