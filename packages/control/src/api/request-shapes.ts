import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { z } from "zod";

export const tokenRequest = z.strictObject({ ttlMs: z.number().optional(), uses: z.number().optional() });

/** Which names and values there are is the registry's to say. */
export const clusterChange = z.record(z.string(), z.string());

export const reservationRequest = z.strictObject({ cidr: z.string(), note: z.string().max(200).default("") });

export const vxlanPeerRequest = z.strictObject({
  name: z.string(),
  underlayAddress: z.string(),
  port: z.number().int().optional(),
  vtepMac: z.string(),
  podCidrs: z.array(z.string()),
});

/** What a task may be is for the node that does it to say. */
export const askRequest = z.strictObject({ node: z.string(), task: z.record(z.string(), z.unknown()) });

export const wireguardPeerRequest = z.strictObject({
  name: z.string(),
  publicKey: z.string(),
  endpoint: z.string(),
  allowedIps: z.array(z.string()),
});

/** The body of a request in the expected shape. @throws `usage`, naming the field */
export function readBody<T>(shape: z.ZodType<T>, body: unknown): T {
  const result = shape.safeParse(body ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new WarrenError("usage", `the request body is not as expected: ${field}${issue.message}`);
}
