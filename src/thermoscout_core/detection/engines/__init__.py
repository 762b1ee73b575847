"""TensorRT engines: built from an ONNX file, kept in a cache, tested before they serve.

``library`` finds TensorRT, ``options`` and ``key`` say what an engine was built from, ``builder``
builds it, ``cache`` keeps it, ``self_test`` proves it, ``session`` runs it on the memory of
``cuda``. docs/jetson_tensorrt.md is the guide.
"""
