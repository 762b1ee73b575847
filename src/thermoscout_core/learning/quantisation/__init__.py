"""Static int8 quantisation of an exported file: calibrated once, for the CPU and for TensorRT.

``calibration`` measures the ranges of the tensors on frames, ``qdq`` writes the files, ``errors``
tells what it cost each layer. None of it needs torch.
"""
