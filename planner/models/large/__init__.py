"""A Gaussian process of many observations: each prediction asks its nearest ones."""
