"""Frames that come one after another."""
