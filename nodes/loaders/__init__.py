"""Nodes that open models."""
