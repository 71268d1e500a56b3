"""Prefect flows that drive campaigns: schedule, retry, show; they decide nothing."""
