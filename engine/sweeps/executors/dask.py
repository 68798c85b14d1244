"""Dask: a cluster of one's own on this machine, or a scheduler and its workers anywhere.

    dask                     as many workers here as there are cores
    dask:tcp://HOST:8786     workers that were started with: dask worker tcp://HOST:8786

Workers elsewhere have epochal installed and see the folder of the sweep under the same path. A
worker that dies loses nothing: the scheduler gives what it had to another one, four times at most.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, Final

from .errors import ExecutorError
from .local import cores

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

REACH_SECONDS: Final = 20
"""How long a scheduler is waited for."""


WORKERS: Final = 32
"""How many workers a scheduler elsewhere is taken to have."""


def processes(address: str) -> int:
    """Return how many workers an address has, as far as it tells."""
    if address and not address.isdecimal():
        return WORKERS
    return min(int(address or cores()), cores()) or 1


def dask_executor(address: str = "") -> DaskExecutor:
    """Return the workers of a scheduler, or of a cluster on this machine.

    Args:
        address: The scheduler's, or how many workers this machine gets: one a core where it is
            empty.

    Raises:
        ExecutorError: There is no scheduler at the address.
    """
    from distributed import Client, LocalCluster

    if address and not address.isdecimal():
        try:
            return DaskExecutor(Client(address, timeout=REACH_SECONDS, set_as_default=False))
        except (OSError, ValueError) as error:
            raise ExecutorError(
                f"--executor dask:{address}: no scheduler answers there ({error}); start one with "
                "dask scheduler, or leave the address out for workers on this machine"
            ) from None
    cluster = LocalCluster(
        n_workers=processes(address),
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        # What goes wrong with a worker is told by what becomes of its calls.
        silence_logs=logging.CRITICAL,
    )
    return DaskExecutor(Client(cluster, set_as_default=False), cluster)


class DaskExecutor(Executor):
    """The workers of a scheduler.

    Args:
        client: The way to them.
        cluster: What ends with this executor, where it was started for it.
    """

    def __init__(self, client: Client, cluster: LocalCluster | None = None) -> None:
        self._client = client
        self._cluster = cluster
        # The same call twice is two calls: what it does is done to a folder.
        self._calls = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a call made by one of the workers."""
        future: Future[Any] = self._calls.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the workers, and end those that were started for this executor.

        Args:
            wait: Whether to wait for the calls that were asked for.
            cancel_futures: Whether those that nobody has begun are not made any more.
        """
        self._calls.shutdown(wait=wait and not cancel_futures)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()
