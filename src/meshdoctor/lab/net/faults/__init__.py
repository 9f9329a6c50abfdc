"""The faults of the network, one file each: `FAULT` in a new file here is a new fault."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from meshdoctor.lab.net.fault import NetworkFault


def network_faults() -> Mapping[str, NetworkFault]:
    """Give every fault by its code, in the order of the files."""
    modules = (import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__))
    faults: list[NetworkFault] = [module.FAULT for module in modules]
    return {fault.code: fault for fault in faults}
