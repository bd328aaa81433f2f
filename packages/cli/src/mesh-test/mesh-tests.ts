import { controlPlane } from "./control-plane.ts";
import { encryption } from "./encryption.ts";
import type { MeshTest } from "./mesh-test.ts";
import { mtu } from "./mtu.ts";
import { newPod } from "./new-pod.ts";
import { noNat } from "./no-nat.ts";
import { nodeToNode } from "./node-to-node.ts";
import { nodes } from "./nodes.ts";
import { podToPod } from "./pod-to-pod.ts";
import type { TestName } from "./test-names.ts";

/**
 * Every test there is, by its name: a new one is a row here, a name in `test-names.ts`, which also says its place in the
 * order, and a file of its own with what it asks and, apart from that, what the answers mean.
 */
export const MESH_TESTS: { readonly [Name in TestName]: MeshTest } = {
  nodes,
  "control-plane": controlPlane,
  "node-to-node": nodeToNode,
  "pod-to-pod": podToPod,
  "no-nat": noNat,
  mtu,
  encryption,
  "new-pod": newPod,
};
