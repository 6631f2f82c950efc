"""What the server that forks workers has loaded before it forks the first one."""

from __future__ import annotations

from tests.workflow.working import yinchuan_book

yinchuan_book()
