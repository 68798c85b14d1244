"""The numbers of rows and of weights, apart from the events: who reads no row needs no numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
