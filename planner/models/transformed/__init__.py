"""A Gaussian process whose outcome is bent first, by a curve learned from the data."""
