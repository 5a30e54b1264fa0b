"""Nodes that combine several answers of the model into one."""
