"""Write docs/operations.md from the declarations and proofs: python docs/make_operations.py"""

import inspect
import re
from pathlib import Path

from cvkit.operation import Spec, operations
from cvkit.parity.images import Images
from cvkit.parity.proof import Proof, proofs

HEAD = """# Operations

Made by `docs/make_operations.py` from what each operation declares and how it is proved. Cases are those that
`cvkit parity` compares with OpenCV 5.0.0; "equal" means that dtype, shape and every element agree.

| operation | result | equals | dtypes | channels | cases | criterion | CUDA |
|---|---|---|---|---|---|---|---|
"""


def table() -> str:
    """The page."""
    return HEAD + "".join(_row(spec, proofs()[name]) for name, spec in operations().items())


def _row(spec: Spec, proof: Proof) -> str:
    text = " ".join((inspect.getdoc(spec.function) or "").split())
    equals = re.search(r"Equal to ``(.+?)``", text)
    cells = (
        f"`{spec.name}`",
        spec.result,
        f"`{equals[1]}`" if equals else "",
        ", ".join(spec.dtypes),
        ", ".join(map(str, spec.channels)),
        str(sum(1 for _ in proof.cases(Images()))),
        str(proof.criterion),
        spec.cuda or "yes",
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("operations.md").write_text(table(), encoding="utf-8")
