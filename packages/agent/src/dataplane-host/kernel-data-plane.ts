import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { nodeAddress } from "@warren/common/net/node-address.ts";
import { DROP_REASONS, type DropReason } from "../dataplane/drop.ts";
import { bridgeBatch } from "../platform/linux/bridge.ts";
import { type IpLine, ipBatch } from "../platform/linux/ip.ts";
import type { DataPlane, DataPlaneOptions, DataPlaneStats, ForwardingView, TrafficCounters } from "./data-plane.ts";
import { type DeviceHold, holdDevice } from "./device-hold.ts";
import {
  type CompiledKernelTables,
  compileKernelTables,
  diffKernelTables,
  type KernelTables,
} from "./kernel-tables.ts";
import type { OverlayGuardPort } from "./overlay-guard.ts";
import {
  addVxlanDevice,
  deviceTraffic,
  isOurs,
  moveVxlanDevice,
  readKernelTables,
  removeVxlanDevice,
  spareName,
  vxlanDevices,
} from "./vxlan-device.ts";

/** How often it is looked at whether the device is still there. */
const WATCH_INTERVAL_MS = 1_000;
const NO_TRAFFIC: TrafficCounters = { txPackets: 0, txBytes: 0, rxPackets: 0, rxBytes: 0 };
const NO_TABLES: KernelTables = { routes: new Map(), neighbours: new Map(), fdb: new Map() };

/**
 * The data plane in the kernel: a vxlan device, its tables, and a guard in the packet filter. It forwards on while the
 * agent is down; the next one takes the device over and changes what has changed.
 */
export function createKernelDataPlane(options: DataPlaneOptions, guard: OverlayGuardPort): DataPlane {
  return new KernelDataPlane(options, guard);
}

class KernelDataPlane implements DataPlane {
  #options: DataPlaneOptions;
  readonly #guard: OverlayGuardPort;
  /** The device while another packet path has its name. */
  readonly #spare: string;
  readonly #listeners: ((error: Error) => void)[] = [];
  #prepared: { readonly tables: CompiledKernelTables; readonly view: ForwardingView } | null = null;
  #running = false;
  #hold: DeviceHold | undefined;
  /** Counters of devices that are gone, less what the present one had when it was taken over. */
  #before = NO_TRAFFIC;
  #last = NO_TRAFFIC;
  #drops: Partial<Record<DropReason, number>> = {};
  #reading: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: DataPlaneOptions, guard: OverlayGuardPort) {
    this.#options = options;
    this.#guard = guard;
    this.#spare = spareName(options.tunName);
  }

  async prepare(view: ForwardingView): Promise<void> {
    const tables = compileKernelTables(view, this.#options);
    await this.#refuseOthers();
    await removeVxlanDevice(this.#spare);
    await addVxlanDevice(this.#spare, this.#options);
    // A route needs a device that is up, and none is while another holds the port. All else can be there before.
    const { fdb, route } = diffKernelTables({ ...tables, routes: new Map() }, NO_TABLES, this.#spare);
    await bridgeBatch(fdb);
    await ipBatch([...view.localPrefixes.map((prefix) => addressLine(prefix, this.#spare)), ...route]);
    await this.#setGuard(tables, view, this.#spare);
    this.#prepared = { tables, view };
  }

  async start(): Promise<void> {
    const { tunName } = this.#options;
    this.#hold = await holdDevice(tunName);
    this.#running = true;
    try {
      if (this.#prepared) {
        const { tables, view } = this.#prepared;
        this.#prepared = null;
        const { route } = diffKernelTables({ ...NO_TABLES, routes: tables.routes }, NO_TABLES, tunName);
        await this.#up([["link", "set", this.#spare, "name", tunName]], route);
        // The table names a device that is no more, and would be refused with the next change of anything in it.
        await this.#setGuard(tables, view);
      } else {
        await this.#takeOver();
        await this.#setGuard({ ...NO_TABLES, peers: [] }, { localPrefixes: [], peers: [] });
        await this.#up();
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { rxPackets, rxBytes, txPackets, txBytes } = deviceTraffic(tunName) ?? NO_TRAFFIC;
    this.#before = add(this.#last, {
      rxPackets: -rxPackets,
      rxBytes: -rxBytes,
      txPackets: -txPackets,
      txBytes: -txBytes,
    });
    this.#watch = setInterval(() => this.#look(), WATCH_INTERVAL_MS).unref();
  }

  async apply(view: ForwardingView): Promise<void> {
    const { tunName } = this.#options;
    const tables = compileKernelTables(view, this.#options);
    // Before the device knows them, or after it has forgotten them, nobody is heard.
    await this.#setGuard(tables, view);
    if (!this.#running) return;
    const { unroute, fdb, route } = diffKernelTables(tables, await readKernelTables(tunName), tunName);
    await ipBatch(unroute);
    await bridgeBatch(fdb);
    await ipBatch(route);
  }

  /**
   * The device hears at every address of the host; what changes is the one it sends from. The kernel changes that in place,
   * but for another address family it needs another device, which the next start makes.
   */
  async rebind(underlayAddress: string): Promise<void> {
    const next = { ...this.#options, underlayAddress };
    if (this.#running && underlayAddress !== this.#options.underlayAddress) await moveVxlanDevice(next);
    this.#options = next;
  }

  stats(): DataPlaneStats {
    this.#readTraffic();
    if (this.#running) void this.#readDrops();
    const drops = DROP_REASONS.map((reason) => [reason, this.#drops[reason] ?? 0]);
    return {
      kind: "kernel",
      total: this.#last,
      peers: null,
      drops: Object.fromEntries(drops) as Record<DropReason, number>,
      syscalls: { tunRead: 0, tunWrite: 0, udpSend: 0, udpReceive: 0 },
      workers: [],
      offloads: null,
    };
  }

  /** The kernel has no stages of ours. */
  async timeStages(): Promise<void> {}

  async stop(): Promise<void> {
    clearInterval(this.#watch);
    this.#readTraffic();
    this.#prepared = null;
    try {
      await removeVxlanDevice(this.#spare);
      if (this.#running) await removeVxlanDevice(this.#options.tunName);
      this.#running = false;
    } finally {
      await this.#hold?.release();
      this.#hold = undefined;
    }
    this.#drops = await this.#guard.drops();
    await this.#guard.set(null);
  }

  onFailure(listener: (error: Error) => void): void {
    this.#listeners.push(listener);
  }

  /** The device of an earlier life of this agent, with all that is in it, or a new one. */
  async #takeOver(): Promise<void> {
    const { tunName } = this.#options;
    const existing = (await this.#refuseOthers()).find((link) => link.ifname === tunName);
    // Left by a kill during a change; it would keep the address of a lease that may be another's by now.
    await removeVxlanDevice(this.#spare);
    if (existing && isOurs(existing, this.#options)) return;
    if (existing) await removeVxlanDevice(tunName);
    await addVxlanDevice(tunName, this.#options);
  }

  /** Two vxlan devices may share a port, but our guard lets nobody in who is not a peer of ours. */
  async #refuseOthers() {
    const { tunName, port } = this.#options;
    const devices = await vxlanDevices();
    const other = devices.find(
      ({ ifname, linkinfo }) => ![tunName, this.#spare].includes(ifname) && linkinfo?.info_data?.port === port,
    );
    if (!other) return devices;
    throw new WarrenError(
      "port-in-use",
      `the vxlan device ${other.ifname} has UDP port ${port}, which the overlay needs for itself; remove it, or choose another --port for the cluster`,
    );
  }

  async #up(before: readonly IpLine[] = [], after: readonly IpLine[] = []): Promise<void> {
    const { tunName, port } = this.#options;
    try {
      await ipBatch([...before, ["link", "set", tunName, "up"], ...after]);
    } catch (error) {
      if (!/Address already in use/i.test((error as Error).message)) throw error;
      throw new WarrenError(
        "port-in-use",
        `UDP port ${port} is in use: stop the other VXLAN user (\`ss -lunp\` names it), or choose another --port for the cluster`,
        { cause: error },
      );
    }
  }

  #setGuard(
    { peers }: CompiledKernelTables,
    { localPrefixes }: ForwardingView,
    device = this.#options.tunName,
  ): Promise<void> {
    const { port, vni } = this.#options;
    return this.#guard.set({ device, port, vni, localPrefixes, peers });
  }

  #readTraffic(): void {
    const now = this.#running ? deviceTraffic(this.#options.tunName) : null;
    if (now) this.#last = add(this.#before, now);
  }

  /** A device that somebody deleted tells nobody. */
  #look(): void {
    const { tunName } = this.#options;
    if (deviceTraffic(tunName)) return;
    clearInterval(this.#watch);
    const error = new WarrenError("internal", `the vxlan device ${tunName} is gone: was it deleted?`);
    for (const listener of this.#listeners) listener(error);
  }

  /**
   * For the next one who asks. Only then, because the filter takes 25 ms to tell them with a thousand peers; what it cannot
   * say now, it says later.
   */
  async #readDrops(): Promise<void> {
    this.#reading ??= this.#guard
      .drops()
      .then((drops) => {
        this.#drops = drops;
      })
      .catch(() => {})
      .finally(() => {
        this.#reading = undefined;
      });
    await this.#reading;
  }
}

/** The node's own address; the host would give it to the device anyway, later. */
function addressLine(prefix: string, device: string): IpLine {
  const address = nodeAddress(prefix);
  const v6 = address.includes(":");
  return ["address", "add", `${address}/${v6 ? 128 : 32}`, "dev", device, ...(v6 ? ["nodad"] : [])];
}

function add(a: TrafficCounters, b: TrafficCounters): TrafficCounters {
  return {
    txPackets: a.txPackets + b.txPackets,
    txBytes: a.txBytes + b.txBytes,
    rxPackets: a.rxPackets + b.rxPackets,
    rxBytes: a.rxBytes + b.rxBytes,
  };
}
