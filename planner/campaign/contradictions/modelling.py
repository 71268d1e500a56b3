"""Mistakes between the model that is named and what it would learn."""

from __future__ import annotations

from planner.campaign.contradictions.draft import Found, Parts, scalars_of
from planner.campaign.kinds import unserved
from planner.campaign.objectives import HitClass
from planner.campaign.spec import Modelling
from planner.space import Categorical, Fixed

_WHERE = ("model", "family")


def find_in_model(parts: Parts) -> Found:
    """Finds a family of models that does not serve the parameters, or has no say."""
    model, scalars = parts.model, scalars_of(parts)
    if model is None or model == Modelling():
        return
    if any(isinstance(each, HitClass) for each in parts.objectives):
        yield (
            _WHERE,
            "has no say where a class is wanted, which has a model of its own: leave it out",
        )
    if None in scalars.values():
        return
    are_choices = [
        isinstance(each, Categorical) and each.descriptors is None
        for each in scalars.values()
        if not isinstance(each, Fixed)
    ]
    why = unserved(model.family, has_choices=any(are_choices), has_numbers=not all(are_choices))
    if why is not None:
        yield _WHERE, f"{why}: name another, or leave it out, and what predicts best is chosen"
