"""Demonstration users: only with ``--demo``, never in production."""

from __future__ import annotations

from dataclasses import dataclass

from models.codes import Role

DEMO_PASSWORD = "hotline-demo"  # noqa: S105  (a demonstration's)


@dataclass(frozen=True, slots=True)
class DemoUser:
    """``unit``: code of the unit whose tickets are seen."""

    login: str
    name: str
    role: Role
    unit: str | None = None

    @property
    def title(self) -> str:
        """The role, in Chinese."""
        return self.role.label


DEMO_USERS = (
    DemoUser("agent", "话务员甲", Role.AGENT),
    DemoUser("dispatcher", "派单员乙", Role.DISPATCHER),
    DemoUser("chief", "派单主管辛", Role.DISPATCH_SUPERVISOR),
    DemoUser("callback", "回访员壬", Role.CALLBACK),
    DemoUser("supervision", "督办员癸", Role.SUPERVISION),
    DemoUser("leader", "班长丙", Role.TEAM_LEADER),
    DemoUser("director", "热线主任丁", Role.DIRECTOR),
    DemoUser("unit", "金凤区签收员戊", Role.UNIT_SIGNER, "640106"),
    DemoUser("handler", "金凤区住建局经办人子", Role.UNIT_HANDLER, "640106-ZJ"),
    DemoUser("approver", "金凤区住建局审签人丑", Role.UNIT_APPROVER, "640106-ZJ"),
    DemoUser("admin", "系统管理员己", Role.SYSTEM_ADMIN),
    DemoUser("auditor", "审计员庚", Role.AUDITOR),
)
