"""The parity report as one HTML file that needs nothing else."""

import base64
import html
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.io import encode
from cvkit.parity.outcome import Report, Row, Showcase

STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.triple { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; }
figure { margin: 0; } img { width: 100%; image-rendering: pixelated; border: 1px solid var(--line); }
figcaption, small, dl { opacity: .8; font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; } }
"""


def page(report: Report) -> str:
    """Summary, the table, for each operation its result beside OpenCV's and their difference, and what is disputed."""
    cases = sum(row.cases for row in report.rows)
    equal = sum(row.equal for row in report.rows)
    verdict = "Every proof holds" if report.passed else "Some proofs fall short"
    counts = f"{equal} of {cases} cases are equal in every element."
    parts = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>cvkit against OpenCV</title><style>{STYLE}</style>",
        "<h1>cvkit against OpenCV</h1>",
        f'<p class="{"good" if report.passed else "bad"}">{verdict}: {counts}</p>',
        _definitions(report.about),
        _table(report.rows),
        *(_showcase(s) for s in report.showcases),
        _disputed(report.disputed),
        _failures(report.rows),
        "</html>",
    ]
    return "\n".join(part for part in parts if part)


def _definitions(about: dict[str, str]) -> str:
    return "<dl>" + "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in about.items()) + "</dl>"


def _table(rows: list[Row]) -> str:
    head = (
        '<tr><th>operation<th>dtype<th class="number">cases<th class="number">equal'
        '<th class="number">worst difference<th>criterion<th>verdict</tr>'
    )
    lines = [
        f"<tr><td>{_text(r.operation)}<td>{_text(r.dtype)}"
        f'<td class="number">{r.cases}<td class="number">{r.equal}<td class="number">{r.worst:g}'
        f'<td>{_text(r.criterion)}<td class="{"bad" if r.failures else "good"}">{_text(r.verdict)}</tr>'
        for r in rows
    ]
    return f"<h2>Summary</h2><table>{head}{''.join(lines)}</table>"


def _showcase(case: Showcase) -> str:
    distance = np.abs(case.got.astype(np.float64) - case.want.astype(np.float64))
    worst = float(distance.max())
    factor = 255 / worst if worst else 1.0
    low, high = float(case.want.min()), float(case.want.max())
    pictures = (
        ("cvkit", _scaled(case.got, low, high)),
        ("OpenCV", _scaled(case.want, low, high)),
        (f"difference, times {factor:.3g}" if worst else "difference: none", (distance * factor).astype(np.uint8)),
    )
    figures = "".join(
        f'<figure><img alt="{label}" src="data:image/png;base64,{_png(image)}">'
        f"<figcaption>{label}</figcaption></figure>"
        for label, image in pictures
    )
    title, caption = _text(case.operation), _text(case.arguments)
    return f'<h2>{title}</h2><div class="triple">{figures}</div><p><small>{caption}</small></p>'


def _scaled(values: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    span = high - low or 1.0
    return np.clip((values.astype(np.float64) - low) * (255 / span), 0, 255).astype(np.uint8)


def _png(image: NDArray[Any]) -> str:
    return base64.b64encode(encode(image, ".png")).decode()


def _disputed(disputed: dict[str, str]) -> str:
    if not disputed:
        return "<h2>Disputed</h2><p>Nothing in this run: OpenCV agrees with itself on these operations.</p>"
    return "<h2>Disputed</h2>" + _definitions(disputed)


def _failures(rows: list[Row]) -> str:
    failed = [(row, text) for row in rows for text in row.failures]
    if not failed:
        return ""
    lines = "".join(f"<li>{_text(row.operation)} {_text(row.dtype)}: {_text(text)}</li>" for row, text in failed[:200])
    return f"<h2>Cases that fall short</h2><ul>{lines}</ul>"


def _text(value: object) -> str:
    return html.escape(str(value))
