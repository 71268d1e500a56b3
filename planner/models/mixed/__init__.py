"""A Gaussian process over numbers and choices: what they add, and what they do together."""
