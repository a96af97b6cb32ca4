"""Where files of unknown origin are decoded."""
