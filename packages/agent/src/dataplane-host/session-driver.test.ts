import { parseAddress } from "@warren/common/net/address.ts";
import { describe, expect, it } from "vitest";
import { StepClock } from "../platform/testing/step-clock.ts";
import { encodeSockaddr, formatSockaddr, SOCKADDR_BYTES } from "../route/sockaddr.ts";
import { KEY_TALLY_BYTES } from "../secure/key-tally.ts";
import type { Endpoint } from "../secure/session.ts";
import { FakeSessionPath } from "../secure/testing/fake-session-path.ts";
import { compileView } from "./compile-view.ts";
import { SessionDriver } from "./session-driver.ts";
import { contractSealing, sealedOptions, sealedView } from "./testing/sealed-nodes.ts";

const SLOT = 7;

function endpointOf(node: 1 | 2): Endpoint {
  const endpoint = new Uint8Array(SOCKADDR_BYTES);
  encodeSockaddr(endpoint, 0, parseAddress(`192.0.2.${node}`), 51820);
  return endpoint;
}

/** Two drivers that hear one another, each on a packet path without a cipher. */
class TwoDrivers {
  readonly clock = new StepClock();
  readonly faults = { found: [] as string[] };
  readonly sides = [this.#side(1), this.#side(2)] as const;

  #side(node: 1 | 2) {
    const now = () => this.clock.monotonicMs();
    const send = (to: Endpoint, message: Uint8Array): void => {
      const there = [1, 2].find((other) => Buffer.compare(to, endpointOf(other as 1 | 2)) === 0);
      if (there) this.clock.after(1, () => this.sides[there - 1]!.path.datagram(message, endpointOf(node)));
    };
    const path = new FakeSessionPath({ now, send, faults: this.faults, slots: 16 });
    const tally = new Float64Array(KEY_TALLY_BYTES / Float64Array.BYTES_PER_ELEMENT);
    const driver = new SessionDriver(contractSealing(node, this.clock), { path, activity: path.activity, tally, now });
    path.events = driver.events;
    return { node, path, driver };
  }

  /** Gives a side its view. @returns where the tables send what is sealed for the peer */
  apply({ node, driver }: TwoDrivers["sides"][number], peerAddress = `192.0.2.${3 - node}`): string {
    const view = sealedView(node);
    const peers = view.peers.map((peer) => ({ ...peer, underlayAddress: peerAddress }));
    const tables = compileView({ ...view, peers }, sealedOptions(node), () => SLOT);
    driver.setPeers(peers, tables);
    return formatSockaddr(tables.sealedSockaddrs);
  }
}

describe("sessions of a packet path", () => {
  it("has new tables send to where a peer was heard last, and to a new place that the netmap names", () => {
    const two = new TwoDrivers();
    const [one, other] = two.sides;
    for (const { driver } of two.sides) driver.start();
    expect(two.apply(other, "192.0.2.99")).toBe("192.0.2.99:51820");
    two.apply(one);
    two.clock.advance(100);
    expect(other.path.sessions).not.toHaveLength(0);
    expect(two.apply(other, "192.0.2.99")).toBe("192.0.2.1:51820");
    expect(two.apply(other, "192.0.2.98")).toBe("192.0.2.98:51820");
    expect(two.faults.found).toEqual([]);
  });

  it("leaves no key in the packet path when it stops", () => {
    const two = new TwoDrivers();
    for (const side of two.sides) {
      side.driver.start();
      two.apply(side);
    }
    two.clock.advance(100);
    for (const { path, driver } of two.sides) {
      expect(path.sessions).not.toHaveLength(0);
      driver.stop();
      expect(path.sessions).toEqual([]);
    }
  });

  it("reads the times of handshakes also when it was stopped before its first start", () => {
    const key = Buffer.alloc(32, 9).toString("base64");
    const record = { [key]: Buffer.alloc(12, 1).toString("base64") };
    const clock = new StepClock();
    const path = new FakeSessionPath({ now: () => 0, send: () => {}, faults: { found: [] }, slots: 16 });
    const tally = new Float64Array(KEY_TALLY_BYTES / Float64Array.BYTES_PER_ELEMENT);
    const timestamps = { read: () => record, touch: () => {} };
    const driver = new SessionDriver(
      { ...contractSealing(1, clock), timestamps },
      { path, activity: path.activity, tally, now: () => 0 },
    );
    // A packet path whose device or port was taken is stopped, and started again later.
    driver.stop();
    driver.start();
    expect(driver.timestamps()).toEqual(record);
    driver.stop();
    expect(driver.timestamps()).toEqual(record);
  });
});
