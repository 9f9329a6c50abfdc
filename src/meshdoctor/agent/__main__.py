"""Run the agent as a process: `python -m meshdoctor.agent`, which is what `meshdoctor agent` does.

Exit codes: 0 after SIGTERM or SIGINT, 1 when a port cannot be used, 2 for bad settings.
"""

import asyncio
import os
import signal
import sys
from typing import NoReturn

from meshdoctor.agent.api import Api, joined
from meshdoctor.agent.create import Agent, World, create_agent
from meshdoctor.agent.discovery import Discovery
from meshdoctor.agent.learning import Wanted
from meshdoctor.agent.memory import Memory
from meshdoctor.agent.pages import ReadPages
from meshdoctor.agent.settings import AgentSettings
from meshdoctor.agent.static import KnowledgeError, StaticSource, read_knowledge
from meshdoctor.agent.writing import Writing
from meshdoctor.settings import EXIT_USAGE, ListenError, settings_or_exit
from meshdoctor.telemetry.lines import GatheredLines

SIGNALS = (signal.SIGTERM, signal.SIGINT)
EXIT_FAILURE = 1


def main() -> int:
    """Run until a signal; return the exit code."""
    settings = settings_or_exit(AgentSettings)
    lines = GatheredLines(sys.stdout.buffer)
    # Not closed: it would wait for threads that wait for an API, and the process ends anyway.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_live(settings, lines))
    except KnowledgeError as error:
        return _refuse(f"MESH_AGENT_KNOWLEDGE: {error}", EXIT_USAGE)
    except ListenError as error:
        return _refuse(str(error), EXIT_FAILURE)
    finally:
        lines.close()
    return 0


async def _live(settings: AgentSettings, lines: GatheredLines) -> None:
    agent = create_agent(settings, _world(settings), lines)
    _obey_signals(agent)
    await agent.run()


def _obey_signals(agent: Agent) -> None:
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, agent.stop)


def _world(settings: AgentSettings) -> World:
    if settings.knowledge is not None:
        known = read_knowledge(settings.knowledge, settings.node)
        return World(StaticSource(known), (), ReadPages())
    api = Api(joined(settings.api_host, settings.api_port), settings.account)
    wanted = Wanted(
        settings.node,
        settings.namespace,
        settings.services_namespace,
        settings.dns_name,
        settings.answer_port,
    )
    source = Discovery(api, wanted, Memory(settings.memory), settings.dns_address)
    return World(source, (Writing(api, settings.node, settings.namespace),), ReadPages())


def _refuse(words: str, code: int) -> int:
    sys.stderr.write(f"{words}\n")
    return code


def _leave(code: int) -> NoReturn:
    """End the process now, everything being said and closed, and threads asking a silent API."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(main())
