"""Nodes that let the model work on some tokens of the picture only."""
