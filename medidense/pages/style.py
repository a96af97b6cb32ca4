"""How do our pages of HTML look, on a screen and on A4 paper?"""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin: 2.2rem 0 .4rem; border-bottom: 2px solid #222; }
h3 { margin: 1.4rem 0 .3rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
.verdict { font-size: 1.25rem; padding: .7rem 1rem; border-left: .5rem solid #999; background: #f5f5f5; }
.passed { border-color: #009e73; } .failed { border-color: #d55e00; }
.confusion td { text-align: center; min-width: 2.6rem; } img { max-width: 100%; } small { color: #666; }
"""
"""Of every page."""

REPORT_STYLE = """
.words td, .words th { text-align: left; }
.words td { overflow-wrap: anywhere; }
.big { font-size: 2.1rem; font-weight: 650; line-height: 1.2; display: block; }
.verdict p { margin: .35rem 0; font-size: 1rem; }
.steps { display: flex; flex-wrap: wrap; gap: .5rem; align-items: stretch; padding: 0; list-style: none; }
.steps li { border: 1px solid #999; border-radius: .3rem; padding: .4rem .8rem; background: #fafafa; }
.steps li + li::before { content: "\\2192\\00a0"; color: #666; } .steps b { font-size: 1.15rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
figure { margin: .6rem 0; break-inside: avoid; } figcaption { color: #444; font-size: .9rem; }
pre { background: #f5f5f5; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
td code { white-space: nowrap; } .words td:first-child { overflow-wrap: normal; }
.looks td { white-space: nowrap; } .looks td, .looks th { padding: .25rem .45rem; }
.looks img { width: 22rem; }
.small td { overflow-wrap: break-word; }
.blank { color: #a33; } .note { color: #444; } nav { margin: .8rem 0; } nav a { margin-right: .8rem; }
.mark { font-weight: 650; } .good { color: #00714f; } .bad { color: #b04a00; } .open { color: #666; }
table.small { font-size: .85rem; }
@page { size: A4; margin: 15mm; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; } nav { display: none; }
  h2, h3 { break-after: avoid; } tr { break-inside: avoid; } details > * { display: block; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media (max-width: 45rem) { .pair { grid-template-columns: 1fr; } }
"""
"""Of the page of a run, beside `STYLE`."""
