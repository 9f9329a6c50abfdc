"""Does a connection come about? Nothing is said: the kernel of the other side answers."""

from meshdoctor.agent.probes.trial import connected


async def connect(address: str) -> None:
    """Connect, and hang up.

    Args:
        address: `host:port`.

    Raises:
        OSError: no connection came about.
    """
    async with connected(address):
        pass
