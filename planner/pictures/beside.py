"""A campaign's trials as a slice shows them; the pictures themselves know of no space."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from planner.pictures.sliced import SliceTrials
from planner.space import AnyParameter, Categorical, Configuration, Ordinal, SearchSpace


def slice_trials(
    parameter: AnyParameter,
    configurations: Sequence[Configuration],
    values: Float[np.ndarray, " n"],
    *,
    space: SearchSpace,
    centre: Configuration,
) -> SliceTrials:
    """Returns trials with their distance from the slice along a parameter, in the unit cube.

    Args:
        parameter: along which the slice goes.
        configurations: of the trials, n of them.
        values: what was observed there, shape (n,).
        space: for the encoding.
        centre: through which the slice goes.
    """
    settings = [each[parameter.name] for each in configurations]
    if isinstance(parameter, Categorical | Ordinal):
        names = parameter.choices if isinstance(parameter, Categorical) else parameter.levels
        settings = [names.index(str(setting)) for setting in settings]
    off = space.encode(configurations) - space.encode([centre])
    own = np.array(space.columns) == space.names.index(parameter.name)
    return SliceTrials(
        settings=np.array(settings, dtype=np.float64),
        values=values,
        distances=np.linalg.norm(off[:, ~own], axis=1),
    )
