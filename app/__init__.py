"""Patchloom's machine: graph, execution, engine, store, server. The techniques live in `nodes`."""

__version__ = "0.3.0"
