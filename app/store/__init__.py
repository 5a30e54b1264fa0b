"""SQLite: jobs, events, workflows with revisions, assets."""
