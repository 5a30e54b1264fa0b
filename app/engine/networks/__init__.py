"""Transformers that no library has, each whole in one file."""
