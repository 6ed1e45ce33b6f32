"""The Open Inference Protocol: the same images and results in the words of KServe and Triton clients."""
