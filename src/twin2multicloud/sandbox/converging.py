"""Having the processes of a running sandbox do what its documents say, while devices and peers are served."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from twin2multicloud.model.errors import UsageError
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import SandboxError
from twin2multicloud.sandbox.supervisor import ask

PATIENCE_S: Final = 45.0
"""A cloud that does not come to do what the documents say is waited for so long."""
_POLL_S: Final = 0.02


def converge(
    layout: Layout,
    *,
    clouds: Collection[str] | None = None,
    count_anew: bool = False,
    patience_s: float = PATIENCE_S,
    follows: Callable[[str], None] = lambda _cloud: None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Have these clouds (default: all) do what the documents say. Those that do not after `patience_s`, with why; none
    if all do. A cloud that does not answer is waited for, for the supervisor starts it again.

    `count_anew` begins their counters again; `follows` is told of each cloud that does as it should.
    """
    give_up = monotonic() + patience_s
    wanted = layout.revision()
    waiting = dict.fromkeys(layout.config().clouds if clouds is None else clouds, "")
    with ThreadPoolExecutor(max(len(waiting), 1)) as pool:
        while True:
            with suppress(ConnectionError):
                ask(layout, {"do": "follow"})
            answers = pool.map(lambda cloud: _reload(layout, cloud, wanted, count_anew), list(waiting))
            found = dict(zip(list(waiting), answers, strict=True))
            waiting = {cloud: why for cloud, why in found.items() if why}
            for cloud in found.keys() - waiting.keys():
                follows(cloud)
            if not waiting or monotonic() > give_up:
                return waiting
            sleep(_POLL_S)


def _reload(layout: Layout, cloud: str, wanted: str, count_anew: bool) -> str:
    """Why a cloud does not do what the documents say, "" if it does."""
    try:
        answer = SandboxClient(layout).request(cloud, "POST", "/control/reload", {"count_anew": count_anew})
    except (SandboxError, UsageError) as error:
        return str(error)
    return "" if answer["revision"] == wanted else f"{cloud} is behind"
