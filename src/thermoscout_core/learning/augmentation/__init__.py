"""Augmentation of thermograms for training: geometry and sensor on the counts, gain control and
greys on the 8-bit view, mosaics of four views. ``pipeline.augment`` is the way in."""
