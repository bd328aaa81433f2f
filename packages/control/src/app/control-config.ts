import { checked } from "@warren/common/config/checked.ts";
import { CIPHERS, SEALED_PORT } from "@warren/common/net/cipher.ts";
import { ENCAPSULATIONS } from "@warren/common/net/encapsulation.ts";
import { parseEndpoint } from "@warren/common/net/endpoint.ts";
import { formatPrefix, parsePrefix } from "@warren/common/net/prefix.ts";
import { LOG_FORMATS, LOG_LEVELS } from "@warren/common/runtime/logger.ts";
import { z } from "zod";

const listenAddress = checked((text) => {
  parseEndpoint(text, { listen: true });
  return text;
});

const endpoint = checked((text) => {
  parseEndpoint(text);
  return text;
});

const podCidr = checked((text) => formatPrefix(parsePrefix(text)));

/**
 * Configuration of `warren control`. A key is the flag without its dashes, the key of `control.yaml`, and, in upper
 * case with underscores, the variable `WARREN_…`. What the cluster was made with (pod-cidr, node-prefix, vni, port,
 * sealed-port) is kept in the store; see `registry/cluster-settings.ts` for a restart with other values. `cipher` and
 * `encapsulation` have no default here, so that a start can tell whether they were asked for.
 */
export const controlConfigSchema = z.strictObject({
  "data-dir": z.string().min(1).default("/var/lib/warren/control").describe("State and keys; back it up"),
  "run-dir": z.string().min(1).default("/run/warren").describe("Holds control.sock"),
  listen: listenAddress.default("0.0.0.0:7443").describe("Where agents connect"),
  advertise: endpoint
    .optional()
    .describe("Where hosts reach it, HOST:PORT; for the join line of `warren token create`"),
  http: listenAddress.default("127.0.0.1:7480").describe("Health, metrics and the page, for this host"),
  page: listenAddress.optional().describe("The page again, for others: read-only, without a password; default off"),
  "pod-cidr": z
    .array(podCidr)
    .min(1)
    .default(["10.244.0.0/16"])
    .describe("Pools that pod CIDRs are cut from; IPv4, IPv6 or both; give again for more"),
  "node-prefix": z
    .number()
    .int()
    .min(8)
    .max(30)
    .default(24)
    .describe("Length of a node's IPv4 pod CIDR; an IPv6 one is a /64"),
  vni: z.number().int().min(1).max(0xffffff).default(4096).describe("VXLAN network identifier"),
  port: z.number().int().min(1).max(65535).default(4789).describe("UDP port of VXLAN"),
  "sealed-port": z.number().int().min(1).max(65535).default(SEALED_PORT).describe("UDP port of sealed traffic"),
  cipher: z
    .enum(CIPHERS)
    .optional()
    .describe("Of a new cluster: none, chacha20-poly1305 or aes-256-gcm; later `warren cluster set cipher=…`"),
  encapsulation: z
    .enum(ENCAPSULATIONS)
    .optional()
    .describe("Of a new cluster: always, cross-subnet or never; later `warren cluster set encapsulation=…`"),
  "log-level": z.enum(LOG_LEVELS).default("info").describe("Least level that is logged").meta({ reloadable: true }),
  "log-format": z.enum(LOG_FORMATS).default("text").describe("Lines for people or for machines"),
});

/** Checked configuration: every key present. */
export type ControlConfig = z.output<typeof controlConfigSchema>;
