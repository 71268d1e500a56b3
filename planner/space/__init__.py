"""Parameters, constraints and the search space."""

from planner.space.base import Floats, Value, read_number, read_unit
from planner.space.constraints import LinearConstraint
from planner.space.numeric import Continuous, Discrete, Integer
from planner.space.parameters import AnyParameter, Categorical, Parameter
from planner.space.search_space import Configuration, SearchSpace

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
    "read_number",
    "read_unit",
]
