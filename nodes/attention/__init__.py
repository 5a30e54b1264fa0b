"""Nodes that change which tokens see each other."""
