import { AF_INET, SOCKADDR_V4, SOCKADDR_V6 } from "../../route/sockaddr.ts";
import type { Endpoint } from "../session.ts";

/**
 * Parts of the socket address that a message came from. The rest of it (family, flow label, scope) does not tell one
 * sender from another.
 */
export function addressOf(from: Endpoint): Uint8Array {
  return from[0] === AF_INET
    ? from.subarray(SOCKADDR_V4, SOCKADDR_V4 + 4)
    : from.subarray(SOCKADDR_V6, SOCKADDR_V6 + 16);
}

/** Two bytes. */
export function portOf(from: Endpoint): Uint8Array {
  return from.subarray(2, 4);
}
