import { rpcServices } from "@warren/common/rpc/definitions.ts";
import { expect, it, vi } from "vitest";
import { encodeOnce } from "./encode-once.ts";

it("encodes an update once however many it is sent to, and another one anew", () => {
  const method = rpcServices().mesh.definition["WatchNetmap"]!;
  const responseSerialize = vi.fn(method.responseSerialize);
  const { responseSerialize: encode, responseDeserialize } = encodeOnce({ ...method, responseSerialize });
  const updates = [1, 2].map((revision) => ({
    revision,
    generation: "one",
    delta: { cluster: null, changed: [], removed_ids: ["n1"] },
  }));
  const sent = Array.from({ length: 10 }, (_, i) => encode(updates[i % 2]!));
  expect(responseSerialize).toHaveBeenCalledTimes(2);
  for (const [i, bytes] of sent.entries()) expect(responseDeserialize(bytes)).toMatchObject(updates[i % 2]!);
});
