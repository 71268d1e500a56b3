"""The plain Gaussian process: kernel, fit, posterior, and the same as a BoTorch model."""
