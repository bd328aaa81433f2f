import { hostname } from "node:os";
import { DATAPLANES } from "@warren/common/api/types.ts";
import { checked } from "@warren/common/config/checked.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { checkName } from "@warren/common/net/name.ts";
import { LOG_FORMATS, LOG_LEVELS } from "@warren/common/runtime/logger.ts";
import { z } from "zod";
import { AUTO } from "./underlay-follower.ts";

const endpoint = checked((text) => {
  parseEndpoint(text);
  return text;
});
const underlay = checked((text) => (text === AUTO ? AUTO : formatAddress(parseAddress(text))));
const nodeName = checked((text) => checkName(text, "node"));

/**
 * Configuration of `warren agent`. A key is the flag without its dashes, the key of `agent.yaml`, and, in upper case
 * with underscores, the variable `WARREN_…`.
 */
export const agentConfigSchema = z.strictObject({
  control: endpoint.describe("The control plane, HOST:PORT"),
  token: z.string().optional().describe("Join token; only for the first start"),
  "token-file": z.string().optional().describe("File that holds the join token"),
  "data-dir": z.string().min(1).default("/var/lib/warren/agent").describe("Identity, netmap, pods; one agent each"),
  "run-dir": z.string().min(1).default("/run/warren").describe("Holds agent.sock"),
  name: nodeName
    .default(() => defaultName())
    .describe("Name of the node")
    .meta({ defaultIs: "the name of the host" }),
  underlay: underlay
    .default(AUTO)
    .describe("Address of this host that the other nodes reach; auto: where the way to the control plane begins"),
  dataplane: z.enum(DATAPLANES).default("tun").describe("Who forwards: worker threads, or the kernel's vxlan device"),
  "accept-new-lease": z
    .boolean()
    .default(false)
    .describe("Take another pod CIDR when the old one was given away; pods get new addresses"),
  "log-level": z.enum(LOG_LEVELS).default("info").describe("Least level that is logged").meta({ reloadable: true }),
  "log-format": z.enum(LOG_FORMATS).default("text").describe("Lines for people or for machines"),
});

/** Checked configuration: every key with a default present. */
export type AgentConfig = z.output<typeof agentConfigSchema>;

function defaultName(): string {
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9._-]/g, "-");
  return checkName(name, "node");
}
