"""Laser rangefinders: one file a family behind one protocol, chosen by URL."""
