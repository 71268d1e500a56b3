"""One step of a campaign, a stretch of them, and what it waits for."""
