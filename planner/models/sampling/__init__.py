"""Sampling of posteriors by the No-U-Turn sampler, and whether its chains converged."""
