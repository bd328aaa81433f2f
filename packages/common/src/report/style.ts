/**
 * The look of every page of figures, light and dark. Colours of bars are from the palette of Okabe and Ito, which people
 * with any kind of colour blindness can tell apart.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1d2329; --quiet: #5c6670; --line: #dfe3e8; --panel: #f5f7f9;
  --own: #0072b2; --peer: #e69f00; --yardstick: #aab2bb; --whisker: #14181c;
  --good: #00694d; --bad: #a83c00; --warn: #fff3d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --text: #e4e8ec; --quiet: #9aa5b1; --line: #2d353e; --panel: #1c2229;
    --own: #4aa8e0; --peer: #d99400; --yardstick: #66717d; --whisker: #fff;
    --good: #4fd1a8; --bad: #ff9d66; --warn: #3b3011;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 74rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Roboto, sans-serif;
}
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 3.5rem 0 .25rem; font-size: 1.4rem; border-top: 2px solid var(--text); padding-top: .75rem; }
h3 { margin: 2.25rem 0 0; font-size: 1.1rem; }
h3::first-letter, h2::first-letter { text-transform: uppercase; }
p { margin: .25rem 0; }
code, .name { font-family: ui-monospace, "Liberation Mono", Menlo, Consolas, monospace; font-size: .85em; }
.name, .unit, .quiet, small, .absent { color: var(--quiet); }
.name { font-weight: 400; margin-left: .4em; }
.unit, small { font-size: .82rem; }
.facts { margin: 1rem 0; padding: .75rem 1rem; background: var(--panel); border-radius: 6px; font-size: .92rem; }
.warning { margin: .75rem 0; padding: .6rem 1rem; background: var(--warn); border-left: 4px solid var(--peer); }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: left; vertical-align: middle; }
tr > :first-child { padding-left: 0; white-space: nowrap; }
thead th { font-weight: 600; font-size: .8rem; color: var(--quiet); vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 500; }
.number { text-align: right; }
.figure th, .figure td { padding-top: 0; padding-bottom: 0; }
.figure table { table-layout: fixed; }
.figure tr > :nth-child(n+3) { text-align: right; width: 6.4rem; white-space: nowrap; }
.figure tr > :nth-child(n+4) { width: 7.8rem; }
.figure b, .figure small { display: block; line-height: 1.25; }
.figure b { font-weight: 500; }
.figure th.bar, .figure td.bar { padding: 0; width: auto; }
.figure td.absent { text-align: left; font-style: italic; }
.plot { display: block; width: 100%; overflow: visible; }
.plot line { vector-effect: non-scaling-stroke; }
.axis text { fill: var(--quiet); font-size: 11px; font-weight: 400; }
.grid line { stroke: var(--line); }
.reference line { stroke: var(--quiet); stroke-dasharray: 3 3; }
.whisker line { stroke: var(--whisker); stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: 1rem; font-size: .85rem; color: var(--quiet); }
.legend i { display: inline-block; width: .9em; height: .9em; margin-right: .4em; border-radius: 2px; vertical-align: -.08em; }
.verdict { font-weight: 600; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--own); outline-offset: 2px; }
@media (max-width: 50rem) { body { padding: 1.5rem 1rem; } table { font-size: .85rem; } th, td { padding: .3rem .4rem; } }
@media print { body { max-width: none; padding: 0; } .figure { break-inside: avoid; } rect, i { print-color-adjust: exact; } }
`;
