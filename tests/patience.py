"""How long a test waits for what must happen: no test is decided by how fast a machine is."""

from __future__ import annotations

from typing import Final

DEADLINE: Final = 300.0
"""Seconds after which what is waited for has failed. Only a test that fails waits so long; on a
machine with much else to do, to import PyTorch alone may take a minute."""
