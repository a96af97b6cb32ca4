"""By which settings, from which seed and where is a network trained?"""

from dataclasses import dataclass

import numpy as np

from medidense.train.device import Device
from medidense.train.tuning import Tuning
from medidense.values.training import Training


@dataclass(frozen=True)
class Regime:
    """All that decides a training beside the network and the data.

    `seed` counts from 0. `tuning` holds back some of the weights; None trains them all.
    """

    settings: Training
    seed: int
    device: Device
    tuning: Tuning | None = None

    @property
    def seeds(self) -> tuple[int, int, int]:
        """Independent seeds of the order of samples, of the changes of crops, and of dropout."""
        order, changes, dropout = (int(s) for s in np.random.SeedSequence(self.seed).generate_state(3))
        return order, changes, dropout
