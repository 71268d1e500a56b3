"""Drivers: one program a planner, started in its planner's own environment. Not to be imported."""
