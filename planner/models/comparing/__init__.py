"""Comparing families of models on the data at hand, and averaging them by what they predicted."""
