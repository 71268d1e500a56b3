"""The campaign: what is wanted, from which sources, at what cost, by which policy."""
