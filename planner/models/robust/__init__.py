"""A Gaussian process that doubts single observations, and says which."""
