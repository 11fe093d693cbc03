"""Where kernels run: CPU threads, the CUDA device, and the choice between them."""
