"""Processes that are simulated: for each its model, and the simulator that offers it."""
