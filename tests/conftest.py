"""What holds for every test.

No assertion on time, so that a busy machine fails none, and the same examples in every run, so
that a red suite is a broken change. To look for new examples:

    HYPOTHESIS_PROFILE=explore python -m pytest
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

settings.register_profile("explore", UNHURRIED)
settings.register_profile("same", UNHURRIED, derandomize=True, max_examples=60)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
