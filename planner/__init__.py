"""A Bayesian planner of synthesis experiments: what to try next, how sure it is, and why."""

__version__ = "0.1.0"
