"""Why a configuration was proposed: what lifts its prediction, what a run there would settle."""

from planner.acquisition.explaining.effort import QUICK, THOROUGH, Effort
from planner.acquisition.explaining.explanation import Explanation, Part, explain

__all__ = ["QUICK", "THOROUGH", "Effort", "Explanation", "Part", "explain"]
