"""Parameters, constraints and the search space."""

from planner.space.constraints import LinearConstraint
from planner.space.parameters import (
    Categorical,
    Continuous,
    Discrete,
    Floats,
    Integer,
    Parameter,
    Value,
)
from planner.space.search_space import AnyParameter, Configuration, SearchSpace

__all__ = [
    "AnyParameter",
    "Categorical",
    "Configuration",
    "Continuous",
    "Discrete",
    "Floats",
    "Integer",
    "LinearConstraint",
    "Parameter",
    "SearchSpace",
    "Value",
]
