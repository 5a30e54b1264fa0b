"""Prompts and pictures to what a transformer is told."""
