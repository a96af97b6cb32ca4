"""Known answers for the trainer: public images on which everybody knows how good a network gets."""
