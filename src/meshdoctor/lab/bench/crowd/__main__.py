"""Run the crowd: `python -m meshdoctor.lab.bench.crowd NODES PORT FOLDER`, until SIGTERM.

PORT is the API's, FOLDER gets the service account of the agent that is measured.
"""

import asyncio
import signal
import ssl
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from meshdoctor.lab.bench.crowd.layout import Layout
from meshdoctor.lab.bench.crowd.objects import objects
from meshdoctor.lab.bench.crowd.servers import backends, name_server, neighbours, streams
from meshdoctor.lab.cluster.credentials import Credentials
from meshdoctor.lab.kubeapi.server import Access, serving

_USER = "agent"


async def live(layout: Layout, port: int, folder: Path) -> None:
    """Be there until SIGTERM.

    Args:
        layout: who is where.
        port: of the API.
        folder: for `token` and `ca.crt`.
    """
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    async with AsyncExitStack() as stack:
        access = _access(layout, folder)
        api = stack.enter_context(serving((layout.api, port), access))
        for one in objects(layout, port):
            api.put(one)
        stack.enter_context(backends(layout))
        for host in layout.name_servers:
            stack.enter_context(name_server(layout, host))
        await stack.enter_async_context(streams(layout))
        await stack.enter_async_context(neighbours(layout))
        await ending.wait()


def _access(layout: Layout, folder: Path) -> Access:
    made = Credentials.made([layout.api], [_USER])
    made.write(folder, layout.api)
    (folder / "token").write_text(made.tokens[_USER], "utf-8")
    (folder / "ca.crt").write_bytes(made.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    return Access(context, {made.tokens[_USER]: _USER})


if __name__ == "__main__":
    asyncio.run(live(Layout(int(sys.argv[1])), int(sys.argv[2]), Path(sys.argv[3])))
