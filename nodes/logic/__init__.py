"""Values, choices and lists: what steers a workflow."""
