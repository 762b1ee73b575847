"""Weight pruning (seed 001, §3.1): which weights stay, training of those, storage of them."""
