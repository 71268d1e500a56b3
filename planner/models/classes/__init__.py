"""Surrogates of classes: logits, their probabilities, the margin of the wanted ones."""
