"""Time limits on the Chinese working calendar (domain.md §3.1)."""
