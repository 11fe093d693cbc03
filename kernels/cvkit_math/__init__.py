"""Scalar arithmetic of cvkit that is compiled into CPU and CUDA kernels alike."""
