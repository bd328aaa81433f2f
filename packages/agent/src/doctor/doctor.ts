import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { isSealed, SEALED_PORT } from "@warren/common/net/cipher.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { createSourceTo } from "../host/underlay-source.ts";
import { checkControl } from "./control-checks.ts";
import { checkFilter, checkForwarding } from "./forwarding-checks.ts";
import {
  checkCapabilities,
  checkKernel,
  checkOffloads,
  checkTools,
  checkTunDevice,
  checkVxlan,
} from "./host-checks.ts";
import { checkCiphers, checkSealedPort } from "./sealing-checks.ts";
import { checkDoubleAddress, checkPools, checkUdpPort, checkUnderlay, checkVxlanDevices } from "./underlay-checks.ts";

/** One thing looked at. */
export interface Check {
  readonly name: string;
  /** `fail`: an agent cannot run, or pods cannot talk. `warn`: it works, but not as well as it could. */
  readonly state: "ok" | "warn" | "fail";
  readonly detail: string;
  /** What to do; empty when all is well. */
  readonly fix: string;
}

export interface DoctorOptions {
  /** Underlay address of this node; without it the one that `underlay: auto` would take, where `control` is given. */
  readonly underlay?: string;
  /** The control plane, `HOST:PORT`, to ask whether it answers. */
  readonly control?: string;
  /** Pools of the cluster, to see whether the host already uses these addresses. */
  readonly podCidrs?: readonly string[];
  /** UDP port of VXLAN; default 4789. */
  readonly port?: number;
  /** UDP port of sealed traffic; default 51820. */
  readonly sealedPort?: number;
  /** The cluster's; default `none`: then what only sealing needs is no failure. */
  readonly cipher?: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

type Probe = () => Check | readonly Check[] | Promise<Check | readonly Check[]>;
type NamedProbe = readonly [name: string, probe: Probe];

/**
 * Tests this host for an agent: what it needs, what would make it slow, what would make it fail in a way that is hard to
 * see. Changes nothing. A check that itself breaks is a `fail` of its own, never the end of the others.
 */
export async function runDoctor(options: DoctorOptions = {}): Promise<Check[]> {
  const { control, podCidrs = [], port = 4789, clock = systemClock, signal } = options;
  const { sealedPort = SEALED_PORT, cipher = "none" } = options;
  const underlay = options.underlay ?? (control && (await createSourceTo()(control).catch(() => undefined)));
  const host: NamedProbe[] = [
    ["kernel", checkKernel],
    ["capabilities", checkCapabilities],
    ["tools", checkTools],
    ["tun device", checkTunDevice],
    ["offloads", checkOffloads],
    ["ciphers", () => checkCiphers(cipher)],
    ["vxlan", checkVxlan],
    ["forwarding", checkForwarding],
    ["packet filter", checkFilter],
    ["vxlan devices", () => checkVxlanDevices(port)],
    ["pod CIDR pools", () => checkPools(podCidrs)],
  ];
  const address: NamedProbe[] =
    underlay === undefined
      ? []
      : [
          ["underlay address", () => checkUnderlay(underlay, isSealed(cipher) ? "sealed" : "plain")],
          ["udp port", () => checkUdpPort(underlay, port)],
          ["sealed port", () => checkSealedPort(underlay, sealedPort, cipher)],
          ["double address", () => checkDoubleAddress(underlay)],
        ];
  const far: NamedProbe[] =
    control === undefined ? [] : [["control plane", () => checkControl(control, clock, signal)]];
  const results: Check[] = [];
  for (const [name, probe] of [...host, ...address, ...far]) {
    signal?.throwIfAborted();
    results.push(...(await attempt(name, probe)));
  }
  return results;
}

async function attempt(name: string, probe: Probe): Promise<readonly Check[]> {
  try {
    const result = await probe();
    return Array.isArray(result) ? (result as readonly Check[]) : [result as Check];
  } catch (error) {
    const { message } = WarrenError.from(error);
    return [{ name, state: "fail", detail: `could not be tested: ${message}`, fix: "see the message" }];
  }
}
