"""Nodes that change a given picture."""
