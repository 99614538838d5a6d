"""docs/performance.md and its charts, from the results of a run."""
