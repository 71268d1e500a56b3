"""Bayesian neural networks: by chains, by a variational fit, and as an ensemble."""
