import type { Endpoint, Session, SessionPath } from "../secure/session.ts";
import type { SessionOrder } from "./sealing-sides.ts";

export interface SessionMailboxPorts {
  /** Hands an order to every thread that has a side of the packet path. */
  order(order: SessionOrder): void;
  send(endpoint: Endpoint, message: Uint8Array): void;
}

/** The orders of handshakes to the packet path, as messages. */
export class SessionMailbox implements SessionPath {
  readonly #ports: SessionMailboxPorts;
  readonly #slots = new Map<number, number>();

  constructor(ports: SessionMailboxPorts) {
    this.#ports = ports;
  }

  install(session: Session): void {
    this.#slots.set(session.localIndex, session.slot);
    this.#ports.order({ type: "install", session });
  }

  use(localIndex: number): void {
    const slot = this.#slots.get(localIndex);
    if (slot !== undefined) this.#ports.order({ type: "use", localIndex, slot });
  }

  forget(localIndex: number): void {
    this.#slots.delete(localIndex);
    this.#ports.order({ type: "forget", localIndex });
  }

  keepalive(slot: number): void {
    this.#ports.order({ type: "keepalive", slot });
  }

  redirect(slot: number, endpoint: Endpoint): void {
    this.#ports.order({ type: "redirect", slot, endpoint });
  }

  discard(slot: number): void {
    this.#ports.order({ type: "discard", slot });
  }

  send(endpoint: Endpoint, message: Uint8Array): void {
    this.#ports.send(endpoint, message);
  }
}
