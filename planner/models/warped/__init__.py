"""A Gaussian process over inputs that are bent first, each by a curve learned from the data."""
