"""What is wrong with a city's files: every fault with its file and line, collected rather than thrown one by one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault. ``line`` counts from 1; 0 is the file as a whole (missing, not UTF-8). ``message`` is in Chinese."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class CityError(Exception):
    """The folder doesn't describe a city. Carries all faults, by file and line; ``str()`` lists them, one a line."""

    id = "city.invalid"

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class Findings:
    """Collects what the readers find while they go on reading."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []

    def fault(self, file: str, line: int, message: str) -> None:
        self.faults.append(Fault(file, line, message))

    def warn(self, message: str) -> None:
        """Note something the city may live with."""
        self.warnings.append(message)
