"""cvkit's command line from a checkout: python cli.py canny img.png --low 50 --high 150."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "kernels"))

from cvkit._cli import main

main()
