"""Surrogates that are known by draws of whole functions, and how they learn without a new fit."""
