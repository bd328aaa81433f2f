import { STYLE } from "@warren/common/report/style.ts";

/** What pages of the laboratory have beyond every page of figures: charts of lines, and colours of their series. */
export const LAB_STYLE = `${STYLE}
:root { --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; }
@media (prefers-color-scheme: dark) { :root { --c0: #4aa8e0; --c1: #ff8a4c; --c2: #3fcf9f; --c3: #e59bc4; } }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem 2rem; }
.charts figure { margin: 0; }
.charts figcaption { font-weight: 600; }
.chart { display: block; width: 100%; height: auto; }
.series { fill: none; stroke-width: 2; }
.series line { stroke-width: 1; }
.series.dashed polyline { stroke-dasharray: 6 4; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
.c0 circle, rect.c0 { fill: var(--c0); stroke: none; } .c1 circle, rect.c1 { fill: var(--c1); stroke: none; }
.c2 circle, rect.c2 { fill: var(--c2); stroke: none; } .c3 circle, rect.c3 { fill: var(--c3); stroke: none; }
.key { display: inline-block; width: 2.2em; height: .8em; margin-right: .4em; vertical-align: -.05em; overflow: visible; }
.key line { stroke-width: 2.5; }
.lines tr { border-bottom: 1px solid var(--line); }
.lines th, .lines td { white-space: nowrap; }
.faster, .better { color: var(--good); }
.slower, .worse { color: var(--bad); }
.none { color: var(--quiet); font-weight: 400; }
`;
