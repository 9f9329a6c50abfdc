"""What cluster DNS says of Services, as records.

https://github.com/kubernetes/dns/blob/master/docs/specification.md
"""

from collections.abc import Iterable

from meshdoctor.lab.net.topology import Service, Topology, endpoints


def records(services: Iterable[Service], topology: Topology) -> tuple[str, ...]:
    """Write the records below `cluster.local`.

    Args:
        services: whose names exist; a headless one without a Pod has none.
        topology: the Pods behind them.
    """
    lines = (line for service in services for line in _of(service, topology))
    return tuple(dict.fromkeys(lines))


def _of(service: Service, topology: Topology) -> Iterable[str]:
    name = f"{service.name}.{service.namespace}.svc"
    if service.address:
        yield f"{name} IN A {service.address}"
    for port in service.ports:
        srv = f"_{port.name}._{port.protocol}.{name} IN SRV 0 100"
        if service.address:
            yield f"{srv} {port.number} {name}"
            continue
        for address, target in endpoints(service, port, topology):
            host = f"{address.replace('.', '-')}.{name}"
            yield f"{name} IN A {address}"
            yield f"{host} IN A {address}"
            yield f"{srv} {target} {host}"
