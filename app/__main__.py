"""``python -m app`` is ``hotline``."""

from app.cli import main

main()
