"""What cvkit raises. Every message names the operation, the argument, what came and what is allowed."""


class CvkitError(Exception):
    """Root of cvkit's errors; ``except cvkit.CvkitError`` catches them all."""


class DtypeError(CvkitError, TypeError):
    """An argument has a type or dtype that the operation does not take."""


class ArgumentError(CvkitError, ValueError):
    """An argument has the right type and a value, shape or size that the operation does not take."""


class ImageIOError(CvkitError, OSError):
    """A file could not be read as an image, or an image could not be written."""


class DeviceError(CvkitError, RuntimeError):
    """The device that was asked for is not there, or the arrays lie on different ones."""
