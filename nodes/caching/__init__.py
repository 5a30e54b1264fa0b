"""Nodes that reuse what the model computed in earlier steps."""
