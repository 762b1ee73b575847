"""Infrared cameras: one file a family behind one protocol, chosen by URL."""
