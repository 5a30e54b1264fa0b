"""What techniques do to a workflow: reports, comparisons, sweeps. Runs documents, knows no technique."""
