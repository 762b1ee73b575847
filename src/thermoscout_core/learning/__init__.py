"""Training and evaluation of detectors.

``data``, ``augment``, ``prior_fitting`` and ``evaluation`` run without torch, so that a robot can
evaluate the model that it carries; everything else here needs the ``train`` extra.
"""
