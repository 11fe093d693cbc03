"""Segmentation has no plans for the GPU: each step of a flooding from markers depends on all steps before it."""
