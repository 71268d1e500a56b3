"""Parameters, constraints and the search space."""

from planner.space.base import Floats, Value, read_number, read_unit
from planner.space.categories import Categorical, Ordinal
from planner.space.constraints import (
    AnyConstraint,
    Constraint,
    Count,
    Exclusion,
    ExpressionConstraint,
    LinearConstraint,
    Mixture,
    Presence,
    Span,
    name_constraint,
)
from planner.space.declared import AnyDeclared, DeclaredParameter, expand_profiles
from planner.space.expressions import Expression
from planner.space.fitting import fit_constraint
from planner.space.given import Contextual, Fixed
from planner.space.knots import Free, Knot, ProfileTable
from planner.space.numeric import Continuous, Discrete, Integer
from planner.space.parameters import AnyParameter, Parameter
from planner.space.profile import Profile
from planner.space.search_space import Configuration, SearchSpace

__all__ = [
    "AnyConstraint",
    "AnyDeclared",
    "AnyParameter",
    "Categorical",
    "Configuration",
    "Constraint",
    "Contextual",
    "Continuous",
    "Count",
    "DeclaredParameter",
    "Discrete",
    "Exclusion",
    "Expression",
    "ExpressionConstraint",
    "Fixed",
    "Floats",
    "Free",
    "Integer",
    "Knot",
    "LinearConstraint",
    "Mixture",
    "Ordinal",
    "Parameter",
    "Presence",
    "Profile",
    "ProfileTable",
    "SearchSpace",
    "Span",
    "Value",
    "expand_profiles",
    "fit_constraint",
    "name_constraint",
    "read_number",
    "read_unit",
]
