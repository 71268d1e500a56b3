"""Alerts: found in the ledger, sent at least once by each way, recorded, never in the way."""

from planner.loop.alerts.finding import Alert
from planner.loop.alerts.posting import Post
from planner.loop.alerts.watching import alerting, open_post

__all__ = ["Alert", "Post", "alerting", "open_post"]
