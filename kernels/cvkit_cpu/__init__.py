"""CPU kernels of cvkit and their plans: one module a family, beside its CUDA twin in ``cvkit_cuda``."""
