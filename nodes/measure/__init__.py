"""Nodes that say how far two results are apart."""
