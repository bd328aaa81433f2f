import type { AskRequest, Task } from "@warren/common/api/ask.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { z } from "zod";
import { SESSION_BYTES } from "./probe-message.ts";
import { leastPacketBytes, MAX_PACKET_BYTES } from "./probe-sizes.ts";

/** Targets of one task; at the pace of the sender two seconds for each try. */
const MAX_TARGETS = 4_096;
const MAX_PLACES = 512;

const session = z.string().regex(new RegExp(`^[0-9a-f]{${2 * SESSION_BYTES}}$`), "expected 32 hex digits");
const name = z.string().min(1).max(63);
const address = z.string().transform((text, context) => {
  try {
    return formatAddress(parseAddress(text));
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});
const seconds = (most: number) => z.number().int().min(1).max(most);
const bytes = z.number().int().max(MAX_PACKET_BYTES).optional();

const place = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("node") }),
  z.strictObject({ kind: z.literal("pod"), namespace: name, name }),
]);

const target = z
  .strictObject({ address, port: z.number().int().min(1).max(65_535), sendBytes: bytes, answerBytes: bytes })
  .superRefine(({ address, sendBytes = Infinity, answerBytes = Infinity }, context) => {
    const least = leastPacketBytes(address);
    if (sendBytes < least || answerBytes < least)
      context.addIssue({ code: "custom", message: `a packet to ${address} has at least ${least} bytes` });
  });

const task = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("describe") }),
  z.strictObject({
    do: z.literal("listen"),
    session,
    places: z.array(place).min(1).max(MAX_PLACES),
    seconds: seconds(120),
  }),
  z.strictObject({
    do: z.literal("send"),
    session,
    from: place,
    targets: z.array(target).min(1).max(MAX_TARGETS),
    timeoutMs: z.number().int().min(100).max(10_000),
    tries: z.number().int().min(1).max(5).optional(),
  }),
  z.strictObject({
    do: z.literal("capture"),
    session,
    peers: z.array(address).min(1).max(MAX_TARGETS),
    seconds: seconds(10),
  }),
  z.strictObject({ do: z.literal("add-pod"), seconds: seconds(120) }),
  z.strictObject({ do: z.literal("delete-pod"), namespace: name, name }),
]);

const askRequest = z.strictObject({ node: name, task: z.record(z.string(), z.unknown()) });

/** A task as it came from another node: nothing in it is believed. @throws `usage`, naming the field */
export function checkTask(value: unknown): Task {
  return checked(task, value, "the task is not one that this node does") as Task;
}

/** What came over the local socket; the task is for the node that does it to check. @throws `usage` */
export function checkAskRequest(value: unknown): AskRequest {
  return checked(askRequest, value, "the request is not as expected") as unknown as AskRequest;
}

function checked<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new WarrenError("usage", `${what}: ${field}${issue.message}`);
}
