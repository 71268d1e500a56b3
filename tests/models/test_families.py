"""Families by name: those of the campaign file are those that there are."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from planner.campaign import Modelling
from planner.errors import InputError
from planner.models import FAMILIES, Observations, Surrogate, Task, family


def test_a_campaign_file_may_name_every_family_and_no_other() -> None:
    assert set(get_args(Modelling.model_fields["family"].annotation)) == set(FAMILIES)


def test_a_family_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"no model family 'magic'; there are gp, "):
        family("magic")


@pytest.mark.slow
def test_past_two_thousand_results_auto_goes_over_to_the_large_process() -> None:
    generator = np.random.default_rng(1)
    x = generator.random((2001, 2))
    y = np.sin(5.0 * x[:, 0]) + x[:, 1] + 0.1 * generator.standard_normal(2001)

    found = family("auto").fit(Task(Observations.from_arrays(x, y), columns=(0, 1)))

    assert isinstance(found, Surrogate)
    assert found.comparison is not None
    assert found.comparison.weights == {"large_gp": 1.0}
    assert "large_gp decides: past 2,000 results" in found.comparison.in_words()
