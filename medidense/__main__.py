"""How ``python -m medidense`` becomes the same command line as ``medidense``."""

from medidense.cli import run

if __name__ == "__main__":
    run()
