import { createSocket, type Socket } from "node:dgram";
import { closeSync } from "node:fs";
import { basename, join } from "node:path";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { openUnfragmentedSocket } from "../platform/linux/datagram-socket.ts";
import { loadLibc } from "../platform/linux/libc.ts";
import { machineMounts } from "../platform/linux/mount.ts";
import { inNetns, openNetns } from "../platform/linux/netns.ts";
import { openPacketSocket, type PacketSocket } from "../platform/linux/packet-socket.ts";
import type { PacketTap, ProbeNetwork, ProbeSite, ProbeSocket } from "./probe-network.ts";

/**
 * How often the packets of taps are taken out of their sockets, and for how long at a time, all taps together: the rest is
 * for others, who may have to forward on this thread.
 */
const DRAIN_EVERY_MS = 5;
const DRAIN_MS = 2;

/**
 * The kernel. A socket in a pod is opened during a synchronous visit to the pod's namespace (ADR 0020) and taken over by
 * `dgram`, which sends and receives without ever going there.
 */
export function createLinuxProbeNetwork(): ProbeNetwork {
  const mounts = machineMounts();
  const openFd = ({ netns, address, port }: ProbeSite): number => {
    const open = () => openUnfragmentedSocket(loadLibc(), parseAddress(address), port);
    if (netns === null) return open();
    // The path is as others see it; ours may lead through another mount namespace.
    const namespace = openNetns(join(mounts.netnsDir, basename(netns)));
    try {
      return inNetns(namespace, open);
    } finally {
      closeSync(namespace);
    }
  };
  const taps = new LinuxTaps();
  return {
    open: async (site) => probeSocket(await adopt(openFd(site), site), site),
    tap: (interfaceName, onPacket) => taps.open(interfaceName, onPacket),
  };
}

/** From here on the descriptor is the socket's, and closed with it. */
function adopt(fd: number, { address }: ProbeSite): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    const fail = (error: Error): void => {
      socket.close();
      loadLibc().close(fd);
      reject(
        new WarrenError("internal", `the socket at ${address} cannot be used: ${error.message}`, { cause: error }),
      );
    };
    socket.once("error", fail);
    socket.bind({ fd, exclusive: true }, () => {
      socket.off("error", fail);
      // What the network answers to an earlier datagram (ICMP) is no error of this socket.
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function probeSocket(socket: Socket, site: ProbeSite): ProbeSocket {
  let isClosed = false;
  return {
    port: socket.address().port,
    onDatagram(listener) {
      socket.on("message", (payload, { address, port }) => {
        // From a link-local address, which comes with its zone: nobody of the mesh has such a one.
        if (!address.includes("%")) listener(payload, { address: formatAddress(parseAddress(address)), port });
      });
    },
    send: (payload, to) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new WarrenError("not-ready", `the socket at ${site.address} is closed`));
        socket.send(payload, to.port, to.address, (error) => {
          if (!error) resolve("sent");
          else if ((error as NodeJS.ErrnoException).code === "EMSGSIZE") resolve("too-long");
          else reject(sendError(error, site.address, to.address));
        });
      }),
    close() {
      if (isClosed) return;
      isClosed = true;
      socket.close();
    },
  };
}

function sendError(error: NodeJS.ErrnoException, from: string, to: string): WarrenError {
  const why = error.code === "EPERM" ? "EPERM: a packet filter of this host refuses it" : (error.code ?? error.message);
  return new WarrenError("tool-failed", `the kernel does not send from ${from} to ${to}: ${why}`, { cause: error });
}

interface Tap {
  readonly socket: PacketSocket;
  readonly onPacket: (packet: Uint8Array) => void;
}

/** The open taps, which share one timer and its time. */
class LinuxTaps {
  readonly #open = new Set<Tap>();
  #timer: NodeJS.Timeout | undefined;

  open(interfaceName: string, onPacket: Tap["onPacket"]): PacketTap {
    const tap = { socket: openPacketSocket(loadLibc(), interfaceName), onPacket };
    this.#open.add(tap);
    this.#timer ??= setInterval(() => drain(this.#open), DRAIN_EVERY_MS).unref();
    return {
      close: () => {
        if (!this.#open.delete(tap)) return;
        drain(new Set([tap]));
        tap.socket.close();
        if (this.#open.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }
}

/** Takes a packet of each in turn, until there is none or the time is over. */
function drain(taps: ReadonlySet<Tap>): void {
  const endMs = performance.now() + DRAIN_MS;
  for (let isMore = true; isMore && performance.now() < endMs; ) {
    isMore = false;
    for (const { socket, onPacket } of taps) {
      const packet = socket.next();
      if (!packet) continue;
      onPacket(packet);
      isMore = true;
    }
  }
}
