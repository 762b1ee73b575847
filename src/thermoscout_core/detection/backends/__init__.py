"""Runtimes that execute a detector's ONNX file, one file each."""
