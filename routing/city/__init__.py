"""A city as data: what cities/<name>/ holds, read and checked."""

from routing.city.faults import CityError, Fault
from routing.city.loader import load
from routing.city.schema import City

__all__ = ["City", "CityError", "Fault", "load"]
