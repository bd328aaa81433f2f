import type { DataplaneKind } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { isSealed } from "@warren/common/net/cipher.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { parsePrefix } from "@warren/common/net/prefix.ts";
import type { ClusterMessage, NodeMessage } from "@warren/common/rpc/messages.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { type Framing, MIN_IPV4_MTU, MIN_IPV6_MTU, overlayMtu } from "@warren/common/wire/overhead.ts";
import type { Logger } from "pino";
import { CipherChange, type CipherStep } from "../control-client/cipher-change.ts";
import { CLOSED_VIEW, compileView, overlayPrefixes } from "../control-client/forwarding-view.ts";
import { faultOf, type Netmap } from "../control-client/netmap.ts";
import { PeerCiphers } from "../control-client/peer-ciphers.ts";
import { plainPaths, wantedPaths } from "../control-client/plain-paths.ts";
import { gsoLimit } from "../dataplane/gso-limit.ts";
import type { SwitchableDataPlane } from "../dataplane-host/switchable-data-plane.ts";
import type { HostNetwork, HostPlan } from "../host/host-network.ts";
import { PathChange, type PathStep } from "../host/path-change.ts";
import type { PodSet } from "../pods/pod-set.ts";
import type { Underlay } from "./underlay-follower.ts";

export const TUN_NAME = "warren0";

const RETRY_MS = 5_000;

/** Most datagrams of one UDP send that every kernel with UDP_SEGMENT takes (UDP_MAX_SEGMENTS of Linux 4.18 on). */
const UDP_MAX_SEGMENTS = 64;

export interface ForwarderOptions {
  readonly host: HostNetwork;
  readonly pods: PodSet;
  readonly dataPlane: SwitchableDataPlane;
  readonly underlay: Underlay;
  readonly logger: Logger;
  /** Whether pods may be given new addresses when the lease has become another one. */
  readonly mayReaddress: boolean;
  readonly clock: Clock;
  /** Host, pods and packet path are as this lease asks, and pods have this MTU. Not while fenced. What it throws is thrown on. */
  readonly onApplied: (lease: Lease, podMtu: number) => void;
}

/** What the node holds: where it is in the mesh. */
export interface Lease {
  readonly cluster: ClusterMessage;
  readonly self: NodeMessage;
}

/** MTU of the overlay over that underlay. Throws `config-invalid` when the pods could not use it. */
export function overlayMtuOf({ address, interface: underlay }: Underlay, lease: Lease, framing: Framing): number {
  const mtu = overlayMtu(underlay.mtu, parseAddress(address).family, framing);
  const ipv6 = lease.self.pod_cidrs.some((cidr) => cidr.includes(":"));
  const least = ipv6 ? MIN_IPV6_MTU : MIN_IPV4_MTU;
  if (mtu >= least) return mtu;
  throw new WarrenError(
    "config-invalid",
    `the underlay interface ${underlay.name} has an MTU of ${underlay.mtu}, which leaves ${mtu} for pods; IPv${ipv6 ? 6 : 4} needs ${least}. Raise the MTU of ${underlay.name} to ${least + underlay.mtu - mtu}`,
  );
}

/** A vxlan device cannot seal. Throws `config-invalid` rather than send in the clear what should be sealed. */
export function assertCarries(kind: DataplaneKind, { cluster }: Lease): void {
  if (kind === "tun" || cluster.cipher === "none") return;
  throw new WarrenError(
    "config-invalid",
    `dataplane: kernel sends in the clear, and this cluster seals with ${cluster.cipher}; take dataplane: tun`,
  );
}

/**
 * Keeps host, pods and packet path in step with the lease and the netmap. Changes are made one after the other; what is
 * already so is not touched.
 */
export class Forwarder {
  readonly #options: ForwarderOptions;
  #lease: Lease;
  #underlay: Underlay;
  #netmap: Netmap | null = null;
  #fenced = false;
  #isClosed = false;
  #applied = "";
  /** The host was told of a plan: there is something to take back. */
  #hasPlan = false;
  #queue: Promise<void> = Promise.resolve();
  readonly #badNodes = new Set<string>();
  readonly #pathChange = new PathChange();
  readonly #cipherChange: CipherChange;
  readonly #peerCiphers = new PeerCiphers();
  /** How packets leave and arrive since the last view that was applied; null while nothing does. */
  #taken: CipherStep | null = null;
  /** What pods were told last. */
  #podMtu = 0;
  #fault: WarrenError | null = null;
  #cancelStep = (): void => {};
  #cancelSealing = (): void => {};

  constructor(options: ForwarderOptions, lease: Lease) {
    this.#options = options;
    this.#lease = lease;
    this.#underlay = options.underlay;
    this.#cipherChange = new CipherChange(lease.cluster.cipher);
    this.#usePods();
  }

  /** The shorter of both while packets may be sealed and may be plain. */
  get overlayMtu(): number {
    return this.#mtuOf(this.#cipherStep().accepts.includes("sealed") ? "sealed" : "plain");
  }

  /** What the pods have; unlike `overlayMtu` also there when the underlay is too narrow for what the cluster asks. */
  get podMtu(): number {
    return this.#podMtu;
  }

  #mtuOf(framing: Framing): number {
    return overlayMtuOf(this.#underlay, this.#lease, framing);
  }

  /**
   * The control plane granted this lease, or confirmed it. Opens what `fence` closed. Throws `lease-lost` when pods have
   * addresses outside of it and may not be given others: their users would not know.
   */
  adopt(lease: Lease): Promise<void> {
    return this.#next(async () => {
      const strangers = this.#options.pods.strangers(lease.self.pod_cidrs);
      if (strangers.length > 0 && !this.#options.mayReaddress)
        throw new WarrenError(
          "lease-lost",
          `the lease of this node is ${lease.self.pod_cidrs.join(", ")} now, and ${strangers.length} pods have addresses outside of it. Start once with --accept-new-lease to give them new addresses`,
        );
      this.#lease = lease;
      this.#fenced = false;
      await this.#apply();
      for (const pod of strangers) {
        const renewed = await this.#options.pods.readdress(pod);
        const change = { pod: pod.name, from: pod.addresses, to: renewed?.addresses };
        if (renewed) this.#options.logger.warn(change, "pod has new addresses");
      }
    });
  }

  /** A newer netmap. */
  follow(netmap: Netmap): Promise<void> {
    return this.#next(async () => {
      this.#netmap = netmap;
      this.#lease = { ...this.#lease, cluster: netmap.cluster };
      for (const node of netmap.nodes.values()) this.#reportFault(node);
      await this.#apply();
    });
  }

  /**
   * The node is at another place on the underlay, or at the same one again. Throws when the packet path cannot go there;
   * what the host then lacks of it is a `fault`, as after a netmap.
   */
  move(underlay: Underlay): Promise<void> {
    return this.#next(async () => {
      await this.#options.dataPlane.rebind(underlay.address);
      this.#underlay = underlay;
      // Routes and addresses may have gone with the interface.
      this.#applied = "";
      await this.#apply().catch((error: unknown) =>
        this.#options.logger.error({ err: WarrenError.from(error) }, "the host could not follow its new address"),
      );
    });
  }

  /**
   * Changes over to the other packet path while pods talk. The routes go with the old device and come with the new one;
   * in between, what is for the overlay must not follow the host's default route.
   */
  change(kind: DataplaneKind): Promise<void> {
    return this.#next(async () => {
      // The cluster may have become a sealed one since it was asked for.
      assertCarries(kind, this.#lease);
      await this.#change(kind);
    });
  }

  /** The pod CIDRs may be another node's: nothing more is sent from them, on either way. */
  fence(): Promise<void> {
    return this.#next(async () => {
      this.#fenced = true;
      // Each way is closed, whatever becomes of the other.
      const tunnel = await settled(this.#options.dataPlane.apply(CLOSED_VIEW));
      if (this.#hasPlan) await this.#applyHost();
      if (tunnel) throw tunnel;
    });
  }

  /** Resolves when nothing is under way and nothing will be; what the host has is not changed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelStep();
    this.#cancelSealing();
    await this.#queue;
  }

  async #change(kind: DataplaneKind): Promise<void> {
    const { host, dataPlane } = this.#options;
    await host.apply({ ...this.#plan(), catchOverlay: true });
    this.#applied = "";
    const changed = dataPlane.changeTo(kind, () => host.apply({ ...this.#plan(), catchOverlay: true }));
    const [change, routes] = [await settled(changed), await settled(this.#applyHost())];
    // Why the change failed is more to the point than what that did to the routes.
    if (change) throw change;
    if (routes) throw routes;
  }

  /** A cluster that becomes sealed takes the kernel's path away from its nodes: nothing more leaves on it. */
  async #leaveKernel(): Promise<void> {
    const { dataPlane, logger } = this.#options;
    if (dataPlane.kind !== "kernel" || !isSealed(this.#lease.cluster.cipher)) return;
    await dataPlane.apply(CLOSED_VIEW);
    logger.warn({ cipher: this.#lease.cluster.cipher }, "the cluster is sealed now: the packet path changes to tun");
    await this.#change("tun");
  }

  async #apply(): Promise<void> {
    try {
      await this.#applyAll();
      this.#fault = null;
    } catch (error) {
      this.#fault = WarrenError.from(error);
      await this.#closePlain();
      throw error;
    }
    if (!this.#fenced) this.#options.onApplied(this.#lease, this.#podMtu);
  }

  /** Why host and packet path are not as the netmap asks; null when they are. */
  get fault(): WarrenError | null {
    return this.#fault;
  }

  /**
   * What was applied last stays when something new cannot be. Only not what is plain, once the cluster is sealed: that is
   * closed, and tried again, also while no control plane is there to hear the error.
   */
  async #closePlain(): Promise<void> {
    const { clock, dataPlane, logger } = this.#options;
    const nowMs = clock.monotonicMs();
    const { framing, accepts, nextMs } = this.#cipherStep();
    const taken = this.#taken;
    const sends = taken?.framing === "plain" && framing === "sealed";
    const takes = taken?.accepts.includes("plain") && !accepts.includes("plain");
    if (sends || takes) {
      logger.error("this node cannot do as the sealed cluster asks, and sends nothing rather than in the clear");
      // Who waits for `#apply` hears why it failed; that this failed as well leaves it to be tried again.
      if ((await settled(dataPlane.apply(CLOSED_VIEW))) === null) this.#taken = null;
    }
    if (framing === "sealed" || nextMs !== null)
      this.#stepSealing(Math.min(RETRY_MS, nextMs === null ? RETRY_MS : nextMs - nowMs));
  }

  async #applyAll(): Promise<void> {
    const { pods } = this.#options;
    await this.#leaveKernel();
    const before = this.#podMtu;
    this.#usePods();
    // Whoever sends longer packets than the next device takes has them dropped: narrow from the pods on, widen towards them.
    if (this.#podMtu < before) await pods.resize();
    await this.#applyHost();
    if (this.#podMtu > before) await pods.resize();
    if (this.#netmap && !this.#fenced) await this.#applyView(this.#netmap);
  }

  async #applyView(netmap: Netmap): Promise<void> {
    const { clock, dataPlane } = this.#options;
    const nowMs = clock.monotonicMs();
    const step = this.#cipherStep();
    this.#cancelSealing();
    const sealing = { step, peers: this.#peerCiphers, nowMs };
    await dataPlane.apply(compileView(netmap, this.#lease.self, sealing, this.#mtuOf(step.framing)));
    this.#taken = step;
    const next = Math.min(step.nextMs ?? Infinity, this.#peerCiphers.nextMs(nowMs) ?? Infinity);
    if (next !== Infinity) this.#stepSealing(next - nowMs);
  }

  #stepSealing(afterMs: number): void {
    this.#cancelSealing();
    if (!this.#isClosed) this.#cancelSealing = this.#options.clock.after(afterMs, () => this.#takeSealingStep());
  }

  #cipherStep(): CipherStep {
    return this.#cipherChange.step(this.#options.clock.monotonicMs(), this.#lease.cluster.cipher);
  }

  #takeSealingStep(): void {
    this.#next(() => this.#apply()).catch((error: unknown) =>
      this.#options.logger.error({ err: WarrenError.from(error) }, "the cipher could not be changed; trying again"),
    );
  }

  async #applyHost(): Promise<void> {
    const plan = this.#plan();
    const key = JSON.stringify(plan);
    if (key === this.#applied) return;
    this.#hasPlan = true;
    await this.#options.host.apply(plan);
    this.#applied = key;
  }

  /** Paths that are plain or on the way to it, and the moment for the next step. */
  #plainPaths(): PathStep {
    const { clock } = this.#options;
    const { cluster, self } = this.#lease;
    const nodes = this.#fenced ? [] : (this.#netmap?.nodes.values() ?? []);
    const capable = plainPaths(cluster, nodes, self, parsePrefix(this.#underlay.interface.subnet));
    const nowMs = clock.monotonicMs();
    const step = this.#pathChange.step(nowMs, capable, wantedPaths(capable, cluster));
    this.#cancelStep();
    if (step.nextMs !== null && !this.#isClosed)
      this.#cancelStep = clock.after(step.nextMs - nowMs, () => this.#takeStep());
    return step;
  }

  #takeStep(): void {
    this.#next(() => this.#applyHost()).catch((error: unknown) => {
      const { clock, logger } = this.#options;
      logger.error({ err: WarrenError.from(error) }, "plain routes could not be changed; trying again");
      if (!this.#isClosed) this.#cancelStep = clock.after(RETRY_MS, () => this.#takeStep());
    });
  }

  #plan(): HostPlan {
    const { cluster, self } = this.#lease;
    const mtu = this.overlayMtu;
    const { routed, accepted } = this.#plainPaths();
    return {
      tun: TUN_NAME,
      overlayMtu: mtu,
      gsoMaxSegments: gsoLimit(mtu, UDP_MAX_SEGMENTS).maxSegments,
      podCidrs: self.pod_cidrs,
      nodeAddresses: self.pod_cidrs.map(nodeAddress),
      overlayPrefixes: overlayPrefixes(cluster, this.#netmap?.nodes.values() ?? []),
      pools: cluster.pod_cidrs,
      underlay: this.#underlay.interface.name,
      plainPaths: routed,
      plainSources: accepted.map((path) => path.prefix),
      routeOverlay: this.#options.dataPlane.kind === "tun",
      // The way out of a device that is gone is the host's default route: what is to be sealed must not take it.
      catchOverlay: this.#options.dataPlane.kind === "kernel" || isSealed(cluster.cipher),
    };
  }

  #usePods(): void {
    const mtu = this.overlayMtu;
    this.#podMtu = mtu;
    const gsoMaxSegments = gsoLimit(mtu, UDP_MAX_SEGMENTS).maxSegments;
    this.#options.pods.use({ cidrs: this.#lease.self.pod_cidrs, mtu, gsoMaxSegments });
  }

  #reportFault(node: NodeMessage): void {
    const fault = faultOf(node);
    if (fault === null) this.#badNodes.delete(node.id);
    else if (!this.#badNodes.has(node.id)) {
      this.#badNodes.add(node.id);
      this.#options.logger.error({ node: node.name, fault }, "a node of the netmap cannot be used, left out");
    }
  }

  #next(work: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(new WarrenError("not-ready", "this agent is being stopped"));
    const mine = this.#queue.then(work);
    this.#queue = mine.catch(() => {});
    return mine;
  }
}

/** The error a promise was rejected with, or null. */
async function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}
