"""Nodes that say where in a picture something happens."""
