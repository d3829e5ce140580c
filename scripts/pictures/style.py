"""The pictures' style sheet: the report's colours, on a page of its own so that it is legible on any other."""

from typing import Final

SHEET: Final = (
    ":root{--page:#fff;--line:#d9dfe5;--ink:#17212b;--muted:#53606d;--on:#fff;--aws:#b45309;--azure:#1d63c4;"
    "--gcp:#1a7f37;--aws-tint:#fff8ee;--azure-tint:#f0f6ff;--gcp-tint:#f0f9f2}"
    "@media(prefers-color-scheme:dark){:root{--page:#0f1419;--line:#2c3742;--ink:#e5eaef;--muted:#9eabb8;--on:#0f1419;"
    "--aws:#f0a93b;--azure:#6fb0fb;--gcp:#5fc97b;--aws-tint:#241d12;--azure-tint:#14212f;--gcp-tint:#13251a}}"
    "text{font:12.5px system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;fill:var(--ink)}"
    ".title{font-size:18px;font-weight:600}.head{font-size:14.5px;font-weight:600}.strong{font-weight:600}"
    ".muted,.kind{fill:var(--muted)}.kind{font-size:11.5px}.note{font-size:12px;fill:var(--muted)}"
    ".on{fill:var(--on);font-size:11.5px;font-weight:700}.middle{text-anchor:middle}.end{text-anchor:end}"
    ".page{fill:var(--page);stroke:var(--line)}.pill{fill:none;stroke:var(--muted)}"
    ".box{stroke-width:1.25}.aws{fill:var(--aws-tint);stroke:var(--aws)}.azure{fill:var(--azure-tint);"
    "stroke:var(--azure)}.gcp{fill:var(--gcp-tint);stroke:var(--gcp)}.fill{stroke:none}.fill.aws{fill:var(--aws)}"
    ".fill.azure{fill:var(--azure)}.fill.gcp{fill:var(--gcp)}.wire{stroke:var(--muted);stroke-width:1.5}"
    ".wire.apart{stroke:var(--ink);stroke-width:3}.tip{fill:var(--muted)}.tip.apart{fill:var(--ink)}"
)
