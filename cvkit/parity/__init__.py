"""How operations are proved: each family's module holds cases, the OpenCV call that gives the reference, and the
criterion.
"""
