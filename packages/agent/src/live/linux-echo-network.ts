import { randomBytes } from "node:crypto";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { formatAddress, parseAddress } from "@warren/common/net/address.ts";
import { readU16 } from "@warren/common/wire/field.ts";
import { encodeIcmp, ICMP_ECHO_REQUEST, ICMP_HEADER, ICMP_REST } from "@warren/common/wire/icmp.ts";
import { ICMPV6_ECHO_REQUEST } from "@warren/common/wire/icmpv6.ts";
import { type IcmpSocket, openIcmpSocket } from "../platform/linux/icmp-socket.ts";
import { loadLibc } from "../platform/linux/libc.ts";
import type { EchoNetwork, EchoReply, EchoSocket } from "./echo-network.ts";

/** As many as `ping` sends, so that the two can be compared. */
const PAYLOAD = 56;
/** Tells the answers to this socket's requests from those to others', and from made-up ones. */
const TOKEN = 8;
/** Requests that are remembered; who answers after that many later ones has not answered. */
const REMEMBERED = 1_024;
/** Answers, others' too, that are looked at in one go: whoever floods this host with them does not keep the agent busy. */
const MOST_TAKEN = 1_024;

/** ICMP and ICMPv6 of the kernel. */
export const linuxEchoNetwork: EchoNetwork = {
  open() {
    const libc = loadLibc();
    const sockets = new Map<4 | 6, IcmpSocket>();
    for (const family of [4, 6] as const) {
      try {
        sockets.set(family, openIcmpSocket(libc, family));
      } catch (error) {
        // A host without IPv6 has no addresses of it to ask.
        if (error instanceof WarrenError && error.code === "unavailable") continue;
        for (const socket of sockets.values()) socket.close();
        throw error;
      }
    }
    return echoSocket(sockets);
  },
};

interface Asked {
  readonly address: string;
  readonly atUs: number;
}

function echoSocket(sockets: ReadonlyMap<4 | 6, IcmpSocket>): EchoSocket {
  const token = randomBytes(TOKEN);
  const identifier = readU16(randomBytes(2), 0);
  const message = new Uint8Array(ICMP_HEADER + PAYLOAD);
  message.set(token, ICMP_HEADER);
  /** By sequence; the first is the oldest. */
  const asked = new Map<number, Asked>();

  const replyOf = (received: NonNullable<ReturnType<IcmpSocket["receive"]>>): EchoReply | null => {
    const { from, atUs, message: answer } = received;
    if (answer.length !== message.length || !token.equals(answer.subarray(ICMP_HEADER, ICMP_HEADER + TOKEN)))
      return null;
    const sequence = readU16(answer, ICMP_REST + 2);
    const request = asked.get(sequence);
    const address = formatAddress(from);
    if (request?.address !== address) return null;
    // Once: a second answer is a repeated one.
    asked.delete(sequence);
    // The wall clock may have been set in between.
    const roundTripUs = Math.round(atUs - request.atUs);
    return roundTripUs < 0 ? null : { address, sequence, roundTripUs: Math.max(1, roundTripUs) };
  };

  return {
    send(address, sequence) {
      const to = parseAddress(address);
      const type = to.family === 4 ? ICMP_ECHO_REQUEST : ICMPV6_ECHO_REQUEST;
      // Of an ICMPv6 message the kernel writes the checksum itself (RFC 3542 §3.1).
      encodeIcmp(message, 0, PAYLOAD, { type, code: 0, rest: ((identifier << 16) | sequence) >>> 0 });
      const atUs = sockets.get(to.family)?.send(to, message) ?? null;
      asked.delete(sequence);
      if (atUs === null) return;
      if (asked.size >= REMEMBERED) asked.delete(asked.keys().next().value!);
      asked.set(sequence, { address: formatAddress(to), atUs });
    },
    take() {
      const replies: EchoReply[] = [];
      for (const socket of sockets.values())
        for (let looked = 0; looked < MOST_TAKEN; looked++) {
          const received = socket.receive();
          if (!received) break;
          const reply = replyOf(received);
          if (reply) replies.push(reply);
        }
      return replies;
    },
    close() {
      for (const socket of sockets.values()) socket.close();
    },
  };
}
