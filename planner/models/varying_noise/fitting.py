"""The fit of ``varying_noise_gp``: process and field of the noise in turns.

A plain fit says how the process varies; given that, the field of the noise is found, the shapes of
it compared; given the noise, how the process varies is fitted anew; and once more, with the shapes
that were the most probable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.linalg import solve_triangular

from planner.models.failure import FitFailure
from planner.models.gaussian import kernel
from planner.models.gaussian.ard import make_problem
from planner.models.gaussian.fitting import read_previous_inside
from planner.models.gaussian.hyperparameters import Hyperparameters
from planner.models.gaussian.matrices import weighed
from planner.models.gaussian.process import GaussianProcess
from planner.models.gaussian.search import begin, search
from planner.models.gaussian.standardised import Standardised, standardise
from planner.models.observations import SMALLEST_NOISE
from planner.models.priors import NOISE_PRIOR
from planner.models.task import Task
from planner.models.varying_noise.field import (
    FieldShape,
    NoiseField,
    candidate_shapes,
    prior_root,
)
from planner.models.varying_noise.laplace import NoiseProblem, find_noise
from planner.models.varying_noise.surrogate import VaryingNoiseProcess
from planner.space import Floats

# How many shapes of the field are compared again when the process is known better.
_KEPT = 3


def fit_varying_noise(task: Task) -> VaryingNoiseProcess | FitFailure:
    """Fits a Gaussian process whose noise varies over the space.

    Raises:
        InputError: the memo is of another family or space.
    """
    previous = read_previous_inside(task, family="varying_noise_gp")
    data = standardise(task)
    if isinstance(data, FitFailure):
        return data
    sites, shapes = _find_sites(data), candidate_shapes(task.n_parameters)
    found = _find_process(data, task, data.known_noise, previous)
    # a fit that goes on begins with a process that knows the noise already
    for n_kept in (1,) if task.goes_on else (_KEPT, 1):
        if isinstance(found, FitFailure):
            return found
        fields = _find_fields(data, found, sites, task, shapes)
        if not fields:
            return FitFailure(
                reason="The noise at the observations could not be found. Look for outcomes or "
                "known variances of wildly different sizes."
            )
        shapes = {shape: shapes[shape] for shape in list(fields)[:n_kept]}
        noise = next(iter(fields.values()))
        var = data.noise(noise.variance(data.observations.x).numpy())
        found = _find_process(data, task, var, found, is_warm=True)
    if isinstance(found, FitFailure):
        return found
    return VaryingNoiseProcess(
        observations=data.observations,
        inner=GaussianProcess(
            observations=replace(data.observations, var=torch.from_numpy(var * data.scale.sd**2)),
            hyperparameters=found,
            columns=task.columns,
            scale=data.scale,
        ),
        columns=task.columns,
        scale=data.scale,
        noise=noise,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Sites:
    """Distinct configurations, ``s d``, and one where an observation is of a site, ``n s``."""

    x: Floats
    membership: Floats


def _find_sites(data: Standardised) -> _Sites:
    x, site = np.unique(data.observations.x.numpy(), axis=0, return_inverse=True)
    return _Sites(x=x, membership=np.eye(len(x))[site.ravel()])


def _find_process(
    data: Standardised,
    task: Task,
    noise: Floats,
    previous: Hyperparameters | None,
    *,
    is_warm: bool = False,
) -> Hyperparameters | FitFailure:
    """Returns how the process varies given the noise, NaN where it is one and learned."""
    problem = make_problem(
        data.observations.x.numpy(),
        data.z[None, :],
        known_noise=np.maximum(noise, SMALLEST_NOISE),
        mean_precision=data.mean_precision,
        columns=task.columns,
        noise_prior=data.noise_prior,
    )
    starts = begin(problem.starts(previous), goes_on=task.goes_on)
    if is_warm and previous is not None:
        starts = {"from the last round": problem.at(previous)}
    found = search(problem.value_and_gradient, starts, priors=problem.priors)
    if isinstance(found, FitFailure):
        return found
    hyperparameters = problem.read(found.theta)[0]
    if not len(noise) or np.isnan(noise).any():
        return hyperparameters
    # that of a field differs from place to place, and is not told of any run
    return replace(hyperparameters, noise_variance=float(np.mean(problem.known_noise)))


def _find_fields(
    data: Standardised,
    hyperparameters: Hyperparameters,
    sites: _Sites,
    task: Task,
    shapes: Mapping[FieldShape, float],
) -> dict[FieldShape, NoiseField]:
    """Returns the field of each shape, the most probable first."""
    covariance = _covariance(data.observations.x.numpy(), hyperparameters, task)
    problem = NoiseProblem(covariance=covariance, data=data, membership=sites.membership)
    distances = kernel.squared_distances(sites.x, task.columns)
    fields, weights = {}, {}
    g = np.full(len(sites.x), NOISE_PRIOR.mean)
    for shape, probability in shapes.items():
        root = prior_root(shape, distances)
        found = find_noise(problem, root, start=_whiten(root, g))
        if found is None:
            continue
        g = NOISE_PRIOR.mean + root @ found.whitened  # shapes differ less than a start does
        weights[shape] = found.log_evidence + math.log(probability)
        fields[shape] = NoiseField(
            sites=torch.from_numpy(sites.x),
            shape=shape,
            columns=task.columns,
            root=torch.from_numpy(root),
            whitened=torch.from_numpy(found.whitened),
            information=torch.from_numpy(found.information),
        )
    return {shape: fields[shape] for shape in sorted(fields, key=lambda each: -weights[each])}


def _whiten(root: Floats, g: Floats) -> Floats:
    w: Floats = solve_triangular(root, g - NOISE_PRIOR.mean, lower=True)
    return w


def _covariance(x: Floats, hyperparameters: Hyperparameters, task: Task) -> Floats:
    weights = np.array(hyperparameters.lengthscales) ** -2.0
    distances = kernel.squared_distances(x, task.columns)
    return kernel.matern_and_slope(weighed(weights, distances))[0]
