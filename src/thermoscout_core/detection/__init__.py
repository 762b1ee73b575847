"""From counts to detections: the 8-bit view, the network behind a backend, the boxes."""
