/** In the order in which they are run: what others build on comes first. Light, because completion offers them. */
export const TEST_NAMES = [
  "nodes",
  "control-plane",
  "node-to-node",
  "pod-to-pod",
  "no-nat",
  "mtu",
  "encryption",
  "new-pod",
] as const;

export type TestName = (typeof TEST_NAMES)[number];
