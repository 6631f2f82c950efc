"""``hotline bench api``: real web processes and a real database under load (docs/perf/api.md)."""
