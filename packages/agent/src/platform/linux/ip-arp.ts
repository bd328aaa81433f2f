import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { parseAddress } from "@warren/common/net/address.ts";
import { formatMac, parseMac } from "@warren/common/net/mac.ts";
import { errnoName } from "./errno.ts";
import { type Libc, nativeAddress } from "./libc.ts";

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ARP = 0x0806;
const SOCKADDR_LL_BYTES = 20;

// Offsets in a frame (RFC 826 behind an Ethernet header) of what we read and write.
const SENDER_MAC = 22;
const SENDER_IP = 28;
const TARGET_IP = 38;
const FRAME_BYTES = 42;

const PROBES = 2;
const ANSWER_WAIT_MS = 500;
const POLL_MS = 25;

/**
 * Asks by ARP who else has an IPv4 address (RFC 5227 §2.1.1: a probe has no sender address, so it changes nobody's
 * tables). Takes a second when nobody has.
 *
 * @param ownMac Ethernet address of the interface; its own answers do not count
 * @returns the Ethernet address of the other, or null
 */
export async function findArpRival(
  libc: Libc,
  ifindex: number,
  ownMac: string,
  address: string,
): Promise<string | null> {
  // `socket` takes the protocol in network byte order.
  const protocol = ((ETH_P_ARP & 0xff) << 8) | (ETH_P_ARP >> 8);
  const fd = libc.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) throw new WarrenError("not-root", `no ARP socket (${errnoName(libc.errno())}); run as root`);
  try {
    // 128 bytes and more lie outside the JavaScript heap, where nothing moves them.
    const name = new Uint8Array(128);
    const view = new DataView(name.buffer);
    view.setUint16(0, AF_PACKET, true);
    view.setUint16(2, ETH_P_ARP, false);
    view.setInt32(4, ifindex, true);
    if (libc.bind(fd, nativeAddress(name), SOCKADDR_LL_BYTES) < 0)
      throw new WarrenError("internal", `an ARP socket cannot be bound: ${errnoName(libc.errno())}`);
    const probe = encodeArpProbe(ownMac, address);
    const answer = new Uint8Array(256);
    for (let sent = 0; sent < PROBES; sent++) {
      libc.write(fd, nativeAddress(probe), FRAME_BYTES);
      for (let waited = 0; waited < ANSWER_WAIT_MS; waited += POLL_MS) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        while (libc.read(fd, nativeAddress(answer), answer.length) >= FRAME_BYTES) {
          const rival = rivalIn(answer, ownMac, address);
          if (rival !== null) return rival;
        }
      }
    }
    return null;
  } finally {
    libc.close(fd);
  }
}

/** An ARP request from nobody for the address, to everybody; in the first 42 bytes. */
export function encodeArpProbe(ownMac: string, address: string): Uint8Array {
  const frame = new Uint8Array(128);
  const mac = parseMac(ownMac);
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  // EtherType, hardware Ethernet, protocol IPv4, their lengths, request.
  frame.set([0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01], 12);
  frame.set(mac, SENDER_MAC);
  frame.set(parseAddress(address).bytes, TARGET_IP);
  return frame;
}

/** Who says in this ARP frame that the address is his; null when nobody but ourselves. */
export function rivalIn(frame: Uint8Array, ownMac: string, address: string): string | null {
  const claimed = parseAddress(address).bytes.every((byte, i) => frame[SENDER_IP + i] === byte);
  const mac = formatMac(frame.subarray(SENDER_MAC, SENDER_MAC + 6));
  return claimed && mac !== ownMac ? mac : null;
}
