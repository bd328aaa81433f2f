/**
 * Echo requests to addresses of the overlay, and how long their answers took. Two implementations: the kernel's ICMP
 * sockets, and one of memory; `testing/echo-network-contract.ts` is the suite that both pass.
 */
export interface EchoNetwork {
  /** @throws WarrenError `not-root` where the process may not */
  open(): EchoSocket;
}

/** No call waits for anything. */
export interface EchoSocket {
  /**
   * Sends one request, IPv4 or IPv6. One that cannot be sent is one that is not answered.
   * @param sequence 0 to 65535; comes back with the answer
   */
  send(address: string, sequence: number): void;
  /** The answers that have come since the last call, to requests of this socket only. */
  take(): EchoReply[];
  /** Afterwards nothing is sent, and nothing comes. */
  close(): void;
}

export interface EchoReply {
  /** Who answered, in canonical form: nobody else than who was asked. */
  readonly address: string;
  readonly sequence: number;
  /** Microseconds from the sending to the arrival, whenever it was taken; at least 1. */
  readonly roundTripUs: number;
}
