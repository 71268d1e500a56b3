"""Prefect around the planner: it starts, schedules, restarts, limits and shows; it decides nothing.

The ledger is the truth. Prefect's own database may be deleted at any time without losing a trial.
Importing this package imports no Prefect; the modules that need it are imported late.
"""
