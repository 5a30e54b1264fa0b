"""Nodes that read, change and save pictures."""
