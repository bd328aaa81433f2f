/** Nodes that are asked at once: enough to hide the way to each, few enough for one control plane. */
export const ASKED_AT_ONCE = 8;

/** Targets of one send task. A node sends to all of them at once. */
export const TARGETS_AT_ONCE = 64;

/** For the answer to a probe, three tries included: a handshake that meets a lost packet takes a second try. */
export const PROBE_TIMEOUT_MS = 2000;

/** How many failures of one test the table shows; `-o json` has all. */
export const SHOWN_FAILURES = 10;
