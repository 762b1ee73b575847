"""Filter pruning (seed 001, §3.2): whole filters go, and the channels that others read."""
