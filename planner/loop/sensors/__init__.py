"""Readings of sensors, and the trials that they belong to."""
