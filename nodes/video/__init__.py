"""Nodes that read, cut and save videos."""
