"""HTTP routes, one file a subject; docs/api.md is their contract."""
