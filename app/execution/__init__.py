"""Turns a checked document into results: plan, executor, events, cache, worker process."""
