"""Who publishes: a name that no other process of any machine has."""

import os
import socket

from chain.context import Identity


def test_no_two_are_called_the_same() -> None:
    assert len({str(Identity.of_this_process()) for _ in range(100)}) == 100


def test_an_identity_names_machine_and_process() -> None:
    host, pid, run = str(Identity.of_this_process()).split(":")
    assert (host, int(pid)) == (socket.gethostname()[:40], os.getpid())
    assert len(run) == 6
