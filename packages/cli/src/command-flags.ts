import { CIPHERS } from "@warren/common/net/cipher.ts";
import { ENCAPSULATIONS } from "@warren/common/net/encapsulation.ts";
import type { FlagSpec } from "./command-spec.ts";
import { OUTPUT_FORMATS } from "./output/print.ts";

/** Flags that several commands share. */
export const OUTPUT: FlagSpec = {
  name: "output",
  short: "o",
  value: "FORMAT",
  choices: OUTPUT_FORMATS,
  description: "how to print the result (default table)",
};

export const RUN_DIR: FlagSpec = {
  name: "run-dir",
  value: "DIR",
  description: "directory of agent.sock and control.sock (default /run/warren, WARREN_RUN_DIR)",
};

export const FROM: FlagSpec = {
  name: "from",
  value: "SIDE",
  choices: ["agent", "control"],
  description: "whom to ask where both run with this run-dir",
};

export const NAMESPACE: FlagSpec = {
  name: "namespace",
  short: "n",
  value: "NS",
  description: "namespace of the pod (default default)",
};

const LOGGING: readonly FlagSpec[] = [
  {
    name: "log-level",
    value: "LEVEL",
    choices: ["trace", "debug", "info", "warn", "error", "silent"],
    description: "least level that is logged (default info)",
  },
  {
    name: "log-format",
    value: "FORMAT",
    choices: ["text", "json"],
    description: "lines for people or for machines (default text)",
  },
];

const CONFIG: FlagSpec = {
  name: "config",
  value: "FILE",
  description: "YAML file with flag names as keys",
};

/** What every measurement of the laboratory takes. */
export const LAB_FLAGS: readonly FlagSpec[] = [
  { name: "quick", description: "a small matrix and short samples: a first look" },
  {
    name: "html",
    value: "FILE",
    description: "also write one page with plots into FILE; it needs nothing else and has no script",
  },
  {
    name: "against",
    value: "FILE",
    description:
      "compare with an earlier run, kept with -o json: says for each line faster, slower or no real difference. The exact test of Mann and Whitney, corrected for the number of lines (Holm): of twenty comparisons of runs that do not differ, at most one calls any line different. Less than 1 % is never called",
  },
  { name: "verbose", short: "v", description: "say how far it is also where standard error is no terminal" },
];

export const CONTROL_FLAGS: readonly FlagSpec[] = [
  { name: "data-dir", value: "DIR", description: "state and keys; back it up (default /var/lib/warren/control)" },
  { name: "run-dir", value: "DIR", description: "where control.sock is made (default /run/warren)" },
  { name: "listen", value: "HOST:PORT", description: "where agents connect (default 0.0.0.0:7443)" },
  {
    name: "advertise",
    value: "HOST:PORT",
    description: "where hosts reach it; `warren token create` prints it in the join line",
  },
  {
    name: "http",
    value: "HOST:PORT",
    description: "health, metrics and the page, for this host (default 127.0.0.1:7480)",
  },
  {
    name: "page",
    value: "HOST:PORT",
    description: "the page again, for others: read-only, without a password (default off)",
  },
  {
    name: "pod-cidr",
    value: "CIDR",
    list: true,
    description: "pool that pod CIDRs are cut from; again for more (default 10.244.0.0/16)",
  },
  { name: "node-prefix", value: "BITS", description: "length of a node's IPv4 pod CIDR; IPv6 is /64 (default 24)" },
  { name: "vni", value: "N", description: "VXLAN network identifier (default 4096)" },
  { name: "port", value: "PORT", description: "UDP port of VXLAN (default 4789)" },
  { name: "sealed-port", value: "PORT", description: "UDP port of sealed traffic (default 51820)" },
  {
    name: "cipher",
    value: "CIPHER",
    choices: CIPHERS,
    description: "what a new cluster seals traffic between nodes with (default none); later: warren cluster set",
  },
  {
    name: "encapsulation",
    value: "MODE",
    choices: ENCAPSULATIONS,
    description: "which traffic of a new cluster is encapsulated (default always); later: warren cluster set",
  },
  ...LOGGING,
  { ...CONFIG, description: `${CONFIG.description} (default /etc/warren/control.yaml where it exists)` },
];

export const AGENT_FLAGS: readonly FlagSpec[] = [
  { name: "control", value: "HOST:PORT", description: "address of the control plane" },
  { name: "token", value: "TOKEN", description: "join token; only for the first start (or WARREN_TOKEN)" },
  { name: "token-file", value: "FILE", description: "file with the join token, so that no process list shows it" },
  { name: "data-dir", value: "DIR", description: "keys, certificate and last netmap (default /var/lib/warren/agent)" },
  { name: "run-dir", value: "DIR", description: "where agent.sock is made (default /run/warren)" },
  {
    name: "underlay",
    value: "IP",
    description:
      "this node's address on the underlay, to which peers send; auto (default): where the way to the control plane begins, followed when it changes",
  },
  { name: "name", value: "NAME", description: "name of the node (default the host's name)" },
  {
    name: "dataplane",
    value: "KIND",
    choices: ["tun", "kernel"],
    description: "who forwards: worker threads on a TUN device, or the kernel's vxlan device (default tun)",
  },
  {
    name: "accept-new-lease",
    description: "take another pod CIDR when the old one was given away; pods get new addresses",
  },
  ...LOGGING,
  { ...CONFIG, description: `${CONFIG.description} (default /etc/warren/agent.yaml where it exists)` },
];

/** Keys of control.yaml that `warren init` takes as flags; where things are is the unit's to say. */
export const INIT_KEPT = [
  ...(["advertise", "listen", "http", "page", "pod-cidr", "node-prefix", "vni", "port", "sealed-port"] as const),
  ...(["cipher", "encapsulation", "log-level", "log-format"] as const),
];

/** Keys of agent.yaml that `warren join` takes as flags. */
export const JOIN_KEPT = ["underlay", "name", "dataplane", "log-level", "log-format"] as const;

/** How long, and for how many, a join token is good. */
export const TOKEN_FLAGS: readonly FlagSpec[] = [
  { name: "ttl", value: "TIME", description: "how long it can be used, such as 90s, 1h, 24h (default 1h)" },
  { name: "uses", value: "N", description: "how many nodes may join with it (default 1)" },
];

export const INIT_FLAGS: readonly FlagSpec[] = [
  {
    name: "advertise",
    value: "HOST[:PORT]",
    description: "where hosts reach this one (default the address of its default route)",
  },
  ...CONTROL_FLAGS.filter(({ name }) => name !== "advertise" && INIT_KEPT.some((kept) => kept === name)),
  ...TOKEN_FLAGS,
  { name: "remove", description: "undo it: stop the control plane, remove its state, CA, unit and user" },
  { name: "yes", description: "with --remove: yes, the cluster is to end" },
];

export const JOIN_FLAGS: readonly FlagSpec[] = [
  ...AGENT_FLAGS.filter(({ name }) => JOIN_KEPT.some((kept) => kept === name)),
  { name: "token-file", value: "FILE", description: "file with the token, so that no process list shows it" },
  { name: "no-unit", description: "no systemd unit: whatever runs services here runs `warren agent`" },
];
