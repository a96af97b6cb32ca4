"""A figure, and how sure it is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval (`low`, `high`); both limits are None where none can be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """As people write it.

        >>> Estimate(0.86, 0.81, 0.9).text()
        '0.860 (95% CI 0.810-0.900)'
        """
        if self.value is None:
            return "not defined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        between = " to " if self.low < 0 else "-"
        return f"{self.value:.3f} (95% CI {self.low:.3f}{between}{self.high:.3f})"
