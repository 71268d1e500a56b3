"""The forest: its trees against enumeration, its values against dense algebra, its edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from planner.models import FitFailure, Observations, OutcomeScale, Task
from planner.models.forest.fitting import fit
from planner.models.forest.levels import Steps, draw_values
from planner.models.forest.surrogate import Forest
from planner.models.forest.trees import Trees, grow
from planner.models.gaussian.fitting import fit as fit_plain

STEPS = Steps(signal=1.5, decay=0.6)


def make_task(x: np.ndarray, y: np.ndarray) -> Task:
    return Task(observations=Observations.from_arrays(x, y), columns=tuple(range(x.shape[1])))


def fitted(task: Task) -> Forest:
    found = fit(task)
    assert not isinstance(found, FitFailure)
    return found


def edge(n: int, seed: int = 1) -> Task:
    rng = np.random.default_rng(seed)
    x = rng.random((n, 2))
    return make_task(x, np.where(x[:, 0] > 0.6, 4.0, 0.0) + 0.1 * rng.normal(size=n))


def grown(n_trees: int = 3, depth: int = 4) -> tuple[Trees, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.random((9, 2))
    z = rng.normal(size=9)
    return grow(x, z, n_trees=n_trees, depth=depth, generator=rng), x, z


def path(trees: Trees, tree: int, x: np.ndarray) -> list[int]:
    """Nodes from the root to the leaf, one after the other."""
    nodes = [0]
    while (column := trees.column[tree, nodes[-1]]) >= 0 and len(nodes) <= trees.depth:
        nodes.append(2 * nodes[-1] + 1 + int(x[column] > trees.threshold[tree, nodes[-1]]))
    return nodes


def test_leaves_are_where_the_splits_lead() -> None:
    trees, _, _ = grown()
    x = np.random.default_rng(3).random((50, 2))

    leaves = trees.leaves(x)

    for tree in range(3):
        assert [path(trees, tree, row)[-1] for row in x] == list(leaves[tree])


def test_values_of_a_tree_have_the_moments_of_its_normal_process() -> None:
    """The covariance beforehand is the sum of the steps that two configurations share."""
    trees, x, z = grown(n_trees=1)
    rng = np.random.default_rng(4)
    at = rng.random((6, 2))
    noise = np.full(len(x), 0.3)
    n = 40_000
    values = draw_values(trees, x, z, noise, steps=STEPS, n=n, generator=rng)
    draws = values[0][:, trees.leaves(at)[0]]

    v = STEPS.variances(trees.depth)
    paths = [path(trees, 0, row) for row in np.vstack([x, at])]

    def shared(a: list[int], b: list[int]) -> float:
        levels = sum(p == q for p, q in zip(a, b, strict=False)) - 1
        is_one_leaf = a == b
        return 4.0 + float(v.sum() if is_one_leaf else v[:levels].sum())

    prior = np.array([[shared(a, b) for b in paths] for a in paths])
    k = prior[:9, :9] + np.diag(noise)
    gain = np.linalg.solve(k, prior[:9, 9:]).T
    mean, cov = gain @ z, prior[9:, 9:] - gain @ prior[:9, 9:]

    error = np.sqrt(np.diag(cov) / n)
    # five errors of six means and 36 covariances: a false alarm in 40,000 with fixed seeds, once
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * error)
    bound = 5 * np.sqrt((np.outer(np.diag(cov), np.diag(cov)) + cov**2) / n)
    assert np.all(np.abs(np.cov(draws.T) - cov) < bound)


def test_an_edge_is_predicted_better_than_by_a_smooth_process() -> None:
    forest, plain = fitted(edge(80)), fit_plain(edge(80))
    assert not isinstance(plain, FitFailure)
    x = np.random.default_rng(5).random((500, 2))
    truth = torch.from_numpy(np.where(x[:, 0] > 0.6, 4.0, 0.0))
    at = torch.from_numpy(x)
    nowhere = torch.full_like(truth, torch.nan)

    density, smooth = (
        float(each.log_density(at, truth, nowhere).mean()) for each in (forest, plain)
    )

    assert density > smooth
    # of the parameter that does nothing one has to go farther
    assert forest.lengthscales[1] > 2 * forest.lengthscales[0]


def test_trees_know_less_in_a_gap() -> None:
    """Not three times as little, as networks do: a tree's cell reaches from the data into it."""
    rng = np.random.default_rng(6)
    x = rng.random((40, 1)) * 2 / 3
    x = np.where(x < 1 / 3, x, x + 1 / 3)
    forest = fitted(make_task(x, np.sin(5 * x[:, 0]) + 0.1 * rng.normal(size=40)))
    at = torch.linspace(0.0, 1.0, 301, dtype=torch.float64)[:, None]
    inside = (at[:, 0] > 1 / 3) & (at[:, 0] < 2 / 3)

    sd = forest.moments(at)[1]

    assert float(sd[inside].mean() / sd[~inside].mean()) > 1.5


def test_an_ascent_over_flat_cells_ends_where_it_began() -> None:
    forest = fitted(edge(20))
    at = torch.rand(3, 2, dtype=torch.float64, generator=torch.Generator()).requires_grad_()

    mean, sd = forest.moments(at)

    gradient = torch.autograd.grad((mean + sd).sum(), at)[0]
    assert torch.equal(gradient, torch.zeros_like(at))


def test_fantasies_leave_the_mean_and_lower_the_uncertainty_around() -> None:
    forest = fitted(edge(20))
    pending = torch.tensor([[0.5, 0.5]], dtype=torch.float64)

    after = forest.conditioned_on(pending)

    torch.testing.assert_close(after.moments(pending)[0], forest.moments(pending)[0])
    assert float(after.moments(pending)[1]) < 0.8 * float(forest.moments(pending)[1])


def test_the_same_task_grows_the_same_forest() -> None:
    task = edge(15)
    seen = task.observations
    reverse = Observations(x=seen.x.flip(0), y=seen.y.flip(0), var=seen.var.flip(0))
    at = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator())

    one, same = fitted(task), fitted(Task(observations=reverse, columns=task.columns))

    assert one.version == same.version
    assert torch.equal(one.predict(at).mean, same.predict(at).mean)


def test_what_is_expected_is_said_before_the_first_observation() -> None:
    """256 draws know their mean to a sixteenth of their deviation; it is allowed five times."""
    nothing = make_task(np.empty((0, 2)), np.empty(0))
    at = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator())

    said = fitted(replace(nothing, scale=OutcomeScale(mean=5.0, sd=2.0))).predict(at)

    assert bool(((said.mean - 5.0).abs() < 5 / 16 * said.sd).all())
    assert bool((said.sd > 2.0).all())  # and that mean may be off, so they are wider


def test_noise_is_that_of_the_runs() -> None:
    """Of 300 runs the deviation is known to 4 %; the trees' own error adds some to it."""
    rng = np.random.default_rng()
    x = rng.random((300, 1))
    forest = fitted(make_task(x, np.where(x[:, 0] > 0.5, 4.0, 0.0) + 0.3 * rng.normal(size=300)))

    noise = float(forest.noise_sd(torch.tensor([[0.25]], dtype=torch.float64))[0])

    assert 0.2 < noise < 0.5
