import type { Arena } from "../../dataplane/arena.ts";
import { type TunPort, WOULD_BLOCK } from "../../dataplane/ports.ts";
import { VNET_HEADER } from "../../dataplane/vnet-header.ts";

/** Like the kernel's default transmit queue. When it is full the newest packet is dropped. */
const QUEUE_PACKETS = 500;
const EINVAL = 22;
const IOVEC_BYTES = 16;

/** A packet as it passes the device: copies, owned by whoever gets them. */
export interface TunPacket {
  /** virtio_net_hdr, 10 bytes; all zero for a packet that is complete as it is. */
  readonly vnet: Uint8Array;
  /** The IP packet, or super-packet. */
  readonly packet: Uint8Array;
}

/** A TUN device in memory. The packet path works on a `TunPort` of it; a test or the simulator is its host's stack. */
export class MemoryTun {
  readonly #queue: TunPacket[] = [];
  #deliver: (packet: TunPacket) => void = () => {};
  #readable: () => void = () => {};
  /** Packets the full queue did not take. */
  overflows = 0;

  /** The host's stack sends a packet. A zero `vnet` is used when there is none. */
  send(packet: Uint8Array, vnet: Uint8Array = new Uint8Array(VNET_HEADER)): void {
    if (this.#queue.length >= QUEUE_PACKETS) {
      this.overflows++;
      return;
    }
    this.#queue.push({ vnet: vnet.slice(), packet: packet.slice() });
    this.#readable();
  }

  /** What the host's stack does with a packet that the path wrote. */
  onPacket(deliver: (packet: TunPacket) => void): void {
    this.#deliver = deliver;
  }

  /** Called after every `send`: what `poll` is for a real device. */
  onReadable(readable: () => void): void {
    this.#readable = readable;
  }

  /** The device as seen from an arena whose native base is 0. */
  port(arena: Arena): TunPort {
    const { bytes } = arena;
    const view = new DataView(bytes.buffer);
    return {
      read: (offset, capacity) => {
        const next = this.#queue.shift();
        if (!next) return WOULD_BLOCK;
        // Like the kernel, which cuts off what does not fit.
        const packet = next.packet.subarray(0, capacity - VNET_HEADER);
        bytes.set(next.vnet, offset);
        bytes.set(packet, offset + VNET_HEADER);
        return VNET_HEADER + packet.length;
      },
      write: (iovec, count) => {
        const pieces: Uint8Array[] = [];
        for (let i = 0; i < count; i++) {
          const at = view.getUint32(iovec + i * IOVEC_BYTES, true);
          pieces.push(bytes.subarray(at, at + view.getUint32(iovec + i * IOVEC_BYTES + 8, true)));
        }
        const whole = Buffer.concat(pieces);
        const version = (whole[VNET_HEADER] ?? 0) >>> 4;
        if (version !== 4 && version !== 6) return -EINVAL;
        this.#deliver({
          vnet: new Uint8Array(whole.subarray(0, VNET_HEADER)),
          packet: new Uint8Array(whole.subarray(VNET_HEADER)),
        });
        return whole.length;
      },
    };
  }
}
