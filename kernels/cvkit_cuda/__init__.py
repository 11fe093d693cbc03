"""Numba CUDA kernels and their plans: a plan has the name and arguments of its twin in ``cvkit_cpu``."""
