"""Nodes that walk from noise to picture."""
