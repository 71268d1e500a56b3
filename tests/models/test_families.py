"""Families by name: those of the campaign file are those that there are."""

from __future__ import annotations

from typing import get_args

import pytest

from planner.campaign import Modelling
from planner.errors import InputError
from planner.models import FAMILIES, family


def test_a_campaign_file_may_name_every_family_and_no_other() -> None:
    assert set(get_args(Modelling.model_fields["family"].annotation)) == set(FAMILIES)


def test_a_family_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match=r"no model family 'magic'; there are gp, "):
        family("magic")
