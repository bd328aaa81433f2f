import { STYLE } from "@warren/common/report/style.ts";

/** What the page of the bench has beyond every page of figures; grey is for what is not an overlay in user space. */
export const BENCH_STYLE = `${STYLE}
.goals tr, .systems tr { border-bottom: 1px solid var(--line); }
.goals td, .goals th, .systems td:nth-child(2) { white-space: nowrap; }
.figure tr.own th, .figure tr.own b { font-weight: 700; }
rect.own, i.own { fill: var(--own); background: var(--own); }
rect.peer, i.peer { fill: var(--peer); background: var(--peer); }
rect.yardstick, i.yardstick { fill: var(--yardstick); background: var(--yardstick); }
.reached, .floor { color: var(--good); }
.below, .ahead { color: var(--bad); }
.missing { color: var(--quiet); font-weight: 400; }
.ahead { font-size: .88rem; font-weight: 600; }
.failures li { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;
