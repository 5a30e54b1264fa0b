"""Nodes without torch, for tests of the machine."""
