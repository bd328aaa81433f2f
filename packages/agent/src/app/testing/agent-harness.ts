import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { NodeMessage } from "@warren/common/rpc/messages.ts";
import { pino } from "pino";
import { MemoryHostNetwork } from "../../host/memory-host-network.ts";
import { MemoryEchoNetwork } from "../../live/memory-echo-network.ts";
import { MemoryPodNetwork } from "../../pods/memory-pod-network.ts";
import { MemoryProbeNetwork } from "../../probe/memory-probe-network.ts";
import { FakeControl } from "../../testing/fake-control.ts";
import { FakeDataPlane } from "../../testing/fake-data-plane.ts";
import { VirtualClock } from "../../testing/virtual-clock.ts";
import { type Agent, createAgent } from "../agent-app.ts";
import type { AgentConfig } from "../agent-config.ts";
import type { AgentDeps } from "../agent-deps.ts";

/** A real agent on a machine of memory, with a control plane that does what the test says, on a clock that the test moves. */
export class AgentHarness {
  readonly dir = mkdtempSync(join(tmpdir(), "warren-agent-"));
  readonly clock = new VirtualClock();
  readonly control = new FakeControl(() => this.clock.nowMs());
  readonly host = new MemoryHostNetwork({ "192.0.2.11": { name: "eth0", mtu: 1500, subnet: "192.0.2.0/24" } });
  readonly podNetwork = new MemoryPodNetwork();
  readonly echoes = new MemoryEchoNetwork(this.clock);
  /** Every datagram arrives at once, and nothing is too long. */
  readonly probes: MemoryProbeNetwork = new MemoryProbeNetwork({
    addressesOf: (netns) =>
      netns === null
        ? (this.host.plan?.nodeAddresses ?? [])
        : (this.podNetwork.made.get(basename(netns))?.addresses ?? null),
    carry: (datagram) => {
      this.probes.arrive(datagram);
      return "sent";
    },
  });
  readonly locked = new Set<string>();
  /** All that were made, in their order. */
  readonly made: Agent[] = [];
  #dataPlane: FakeDataPlane | undefined;

  /** The one that was made last. */
  get dataPlane(): FakeDataPlane {
    if (!this.#dataPlane) throw new Error("no packet path was made");
    return this.#dataPlane;
  }

  config(changes: Partial<AgentConfig> = {}): AgentConfig {
    return {
      control: "192.0.2.1:7443",
      token: "wrn1.token",
      "data-dir": join(this.dir, "data"),
      "run-dir": join(this.dir, "run"),
      underlay: "192.0.2.11",
      name: "node-1",
      dataplane: "tun",
      "accept-new-lease": false,
      "log-level": "silent",
      "log-format": "text",
      ...changes,
    };
  }

  make(changes: Partial<AgentConfig> = {}, deps: AgentDeps = {}): Agent {
    return this.makeFrom(this.config(changes), deps);
  }

  makeFrom(config: AgentConfig, deps: AgentDeps = {}): Agent {
    const { clock, control, host, podNetwork, echoes, locked } = this;
    const agent = createAgent(config, {
      ...{ clock, connector: control, hostNetwork: host, podNetwork, echoes, localApi: false, random: () => 0.5 },
      probeNetwork: this.probes,
      logger: pino({ level: "silent" }),
      memory: { limit: () => {}, settle: () => {} },
      createDataPlane: (options) => {
        this.#dataPlane = new FakeDataPlane(options);
        return this.#dataPlane;
      },
      lock: (path) => {
        if (locked.has(path)) throw new WarrenError("already-running", path);
        locked.add(path);
        return () => locked.delete(path);
      },
      ...deps,
    });
    this.made.push(agent);
    return agent;
  }

  /** Lets time pass until the start is through. */
  async up(agent: Agent, withinMs = 20_000): Promise<Agent> {
    let done = false;
    const started = agent.start().finally(() => {
      done = true;
    });
    started.catch(() => {});
    for (let passed = 0; !done && passed <= withinMs; passed += 100) await this.clock.advance(100);
    await started;
    return agent;
  }

  async close(): Promise<void> {
    for (const agent of this.made) await agent.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Another node of the mesh. */
export const PEER: NodeMessage = {
  id: "node2",
  name: "node-2",
  underlay_address: "192.0.2.12",
  port: 0,
  vtep_mac: "02:00:00:00:00:02",
  pod_cidrs: ["10.244.2.0/24"],
  epoch: 1,
  state: "NODE_STATE_READY",
  foreign: false,
  ...{ sealing_key: new Uint8Array(), sealed_port: 0, key_epoch: 0 },
};
