"""Nodes that keep the weights of a model in few bits."""
