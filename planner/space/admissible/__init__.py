"""The admissible part of a space: filled, listed, searched, rounded to, and proven empty."""

from planner.space.admissible.drawing import draw_evenly
from planner.space.admissible.emptiness import find_emptiness
from planner.space.admissible.neighbours import list_neighbours
from planner.space.admissible.region import Region
from planner.space.admissible.sampling import draw_configurations

__all__ = ["Region", "draw_configurations", "draw_evenly", "find_emptiness", "list_neighbours"]
