"""The append-only record of everything that happens to a campaign."""
