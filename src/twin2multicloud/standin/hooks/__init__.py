"""What a rule cannot say: checks over several arguments, and data sources that compute on this machine.

A check takes a configuration, in which values may be unknown, and tells its problems. A reader takes a data source's
configuration and gives the values that it computes; what it leaves out is filled as for any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from twin2multicloud.standin.checks import Problem
from twin2multicloud.standin.hooks import aws
from twin2multicloud.standin.values import State

Check = Callable[[State], Iterator[Problem]]
Reader = Callable[[State], State]

CHECKS: Final[Mapping[str, Check]] = {**aws.CHECKS}
"""Checks by resource type."""

READERS: Final[Mapping[str, Reader]] = {**aws.READERS}
"""Readers by data source type."""
