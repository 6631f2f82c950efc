"""Starting a program as a system user of its own."""

from __future__ import annotations

import pwd
from typing import Any


def as_user(user: str | None) -> dict[str, Any]:
    """Arguments for ``subprocess``: its user, its group and no other of ours; None: everything as we are."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
