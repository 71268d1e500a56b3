"""A Gaussian process whose noise varies over the space, learned from replicates and residuals."""
