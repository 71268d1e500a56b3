"""What to try next, what to stop for, and why."""
