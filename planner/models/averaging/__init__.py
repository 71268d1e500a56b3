"""Averages of surrogates: several processes evaluated in one call, and the mixture for BoTorch."""
