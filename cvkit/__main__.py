"""``python -m cvkit`` is the command ``cvkit``."""

from cvkit._cli import main

main()
