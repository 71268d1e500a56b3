"""One process at work on one campaign: opened, held, permitted."""
