"""Pure workflow data: nodes, documents, checks, fingerprints. Standard library only."""
