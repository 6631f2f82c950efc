"""PostgreSQL and Valkey from wheels, and the supervisor of ``hotline up``: the same engines as in production."""
