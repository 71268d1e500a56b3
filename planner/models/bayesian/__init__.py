"""Gaussian processes whose hyperparameters are sampled by the No-U-Turn sampler."""
