"""What one more run of a setting tells: only what differs from run to run can be averaged out.

The noise that a model learns is all that its process does not explain: what differs from run to
run, and what every run of one setting has in common and its neighbours have not, as on a rough
response. No number of repeats removes the second, and before a setting was run twice nothing tells
the two apart.

| symbol | meaning                                                               |
|--------|-----------------------------------------------------------------------|
| tau    | deviation of one run around the process, as the model learned it      |
| s      | share of tau^2 that differs from run to run                           |
| m      | runs of a setting so far                                              |

The mean of m runs lies around the process with the variance ``tau^2 (1 - s + s / m)``. One run more
adds as much to its precision as a run of its own with the noise

``tau^2 (m (1 - s) + s) ((m + 1) (1 - s) + s) / s``:

``tau^2`` where all of the noise differs from run to run, and no end of it where none does.
"""

from __future__ import annotations

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from planner.models import Surrogate

# Before runs of one setting were compared, all of the noise is taken to differ from run to run;
# that weighs as much as one comparison of two runs.
_PRIOR_WEIGHT = 1.0
# In prior deviations: what has no noise of its own, such as the margin of a class, has this much.
_LEAST_NOISE = 1e-9
# Configurations that agree in this many decimals are runs of one setting.
_DECIMALS = 8


def share_between_runs(surrogate: Surrogate) -> float:
    """Returns ``s``, by how much runs of one setting differed, in units of the learned noise.

    Runs whose achieved configurations differ are not runs of one setting, and tell nothing here.
    """
    seen = surrogate.observations
    _, setting, n_runs = torch.unique(
        (seen.x * 10**_DECIMALS).round(), dim=0, return_inverse=True, return_counts=True
    )
    freedom = float((n_runs - 1).sum())
    if freedom == 0:
        return 1.0
    mean = torch.zeros(len(n_runs), dtype=seen.y.dtype).index_add(0, setting, seen.y) / n_runs
    with torch.no_grad():
        noise_sd = surrogate.noise_sd(seen.x).clamp_min(_LEAST_NOISE * surrogate.prior_sd)
        squares = ((seen.y - mean[setting]) / noise_sd).square().sum()
    return min(1.0, (_PRIOR_WEIGHT + float(squares)) / (_PRIOR_WEIGHT + freedom))


def noise_of_a_repeat(
    noise_sd: Float64[Tensor, " k"], n_runs: Int64[Tensor, " k"], *, share: float
) -> Float64[Tensor, " k"]:
    """Returns the noise of a run of its own that would tell as much as one run more.

    Args:
        noise_sd: ``tau``.
        n_runs: ``m``, at least 1.
        share: ``s``, above 0.
    """
    m, same = n_runs.to(noise_sd), 1.0 - share
    factor = (m * same + share) * ((m + 1) * same + share) / share
    return noise_sd * factor.sqrt()
