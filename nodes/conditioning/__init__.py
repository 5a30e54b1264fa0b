"""Nodes that say what a picture should show."""
