"""Nodes that make latents and turn them into pictures."""
