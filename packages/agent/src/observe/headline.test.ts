import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { expect, test } from "vitest";
import { type HeadlineView, headline } from "./headline.ts";

function view(changes: Partial<HeadlineView> = {}): HeadlineView {
  const self = { id: "a", name: "node1", pod_cidrs: ["10.244.1.0/24"] };
  const nodes = new Map(["a", "b", "c", "d"].map((id) => [id, {}]));
  return {
    ready: true,
    lease: { self },
    knowledge: { netmap: { nodes } },
    control: { address: "192.0.2.1:7443", connected: true, error: null },
    fence: null,
    failure: null,
    ...changes,
  } as HeadlineView;
}

test("a headline says what a glance should tell", () => {
  expect(headline(view())).toBe("ready: node1, 10.244.1.0/24, 3 peers, connected");
  expect(headline(view({ ready: false, knowledge: null }))).toBe("starting: node1, 10.244.1.0/24, 0 peers, connected");
  const control = { address: "192.0.2.1:7443", connected: false, error: null };
  expect(headline(view({ control }))).toBe("ready: node1, 10.244.1.0/24, 3 peers, not connected to 192.0.2.1:7443");
});

test("what keeps a node from forwarding comes first", () => {
  const fence = new WarrenError("lease-lost", "10.244.1.0/24 is another node's");
  expect(headline(view({ fence }))).toBe("forwards nothing: 10.244.1.0/24 is another node's");
  const failure = new Error("the egress worker ended");
  expect(headline(view({ fence, failure }))).toBe("failed: the packet path broke: the egress worker ended");
});
