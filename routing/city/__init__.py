"""A city as data: what cities/<name>/ holds, read and checked."""
