"""What can be done to the mesh: `FAULT` in a new file here is a new fault."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from meshdoctor.faults import FAULTS
from meshdoctor.lab.faults.network import network_scenarios
from meshdoctor.lab.faults.scenario import Scenario

__all__ = ["Scenario", "scenarios"]


def scenarios() -> Mapping[str, Scenario]:
    """Return every scenario by its code, in the order of the vocabulary."""
    modules = (import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__))
    found = [module.FAULT for module in modules if hasattr(module, "FAULT")]
    known = {one.code: one for one in (*network_scenarios(), *found)}
    return {code: known[code] for code in FAULTS if code in known}
