"""Dataset folders as others lay them out: VOC, COCO, YOLO, and our own of counts.

A layout says which pictures there are and what their label files state; :mod:`..data` turns that
into samples for training and evaluation, :mod:`..dataset_check` into findings.
"""
