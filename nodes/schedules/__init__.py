"""Nodes that choose the noise levels to visit."""
