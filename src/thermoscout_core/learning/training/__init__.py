"""Training of detectors: what ``thermoscout train`` runs. ``trainer.Trainer`` is one run."""
