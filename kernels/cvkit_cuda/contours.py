"""Contours and curves have no kernels on the GPU: each step along a line depends on the one before. The host walks."""
