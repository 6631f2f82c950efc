"""Trees given as code → parent: unknown parents and cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from routing.city.table import Row


def check_parents(parents: Mapping[str, str | None], rows: Mapping[str, Row]) -> None:
    """Report parents that don't exist, and each cycle once, at the first of its rows, with its whole round."""
    for code, parent in parents.items():
        if parent is not None and parent not in parents:
            rows[code].fault(f"上级“{parent}”不存在")
    for cycle in _cycles(parents):
        first = min(range(len(cycle)), key=lambda i: rows[cycle[i]].line)
        turned = cycle[first:] + cycle[:first]
        rows[turned[0]].fault(f"上级关系成环：{' → '.join([*turned, turned[0]])}")


def _cycles(parents: Mapping[str, str | None]) -> Iterator[list[str]]:
    done: set[str] = set()
    for start in parents:
        path: dict[str, int] = {}
        code: str | None = start
        while code is not None and code in parents and code not in done and code not in path:
            path[code] = len(path)
            code = parents[code]
        if code is not None and code in path:
            yield list(path)[path[code] :]
        done.update(path)
