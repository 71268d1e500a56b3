"""Simulators: the contract, the built-in models, and how they run in processes of their own."""
