/** The stages of the packet path, in the order of the roads that egress.ts and ingress.ts begin with. */
const TABLE = {
  egress: [
    { name: "wait", about: "looks for work, blocks, is woken" },
    { name: "read", about: "one packet or super-packet from the TUN device", call: "tunRead" },
    { name: "parse", about: "version and lengths" },
    { name: "lookup", about: "inner source and destination in the routing table" },
    { name: "police", about: "anti-spoof and size; the answer to a packet that is too big; counting drops" },
    { name: "segment", about: "cuts super-packets, completes checksums; a kernel" },
    { name: "encapsulate", about: "writes VXLAN and inner Ethernet headers" },
    { name: "seal", about: "encrypts in place" },
    { name: "join", about: "adds to the run of equal-sized datagrams to one peer" },
    { name: "send", about: "a run to the underlay", call: "udpSend" },
  ],
  ingress: [
    { name: "wait", about: "looks for work, blocks, is woken" },
    { name: "receive", about: "datagrams of one sender from the underlay", call: "udpReceive" },
    { name: "sender", about: "outer source to peer" },
    { name: "open", about: "decrypts in place, replay window" },
    { name: "decapsulate", about: "VXLAN header, VNI, inner Ethernet type and destination" },
    { name: "police", about: "inner lengths, source and destination looked up: anti-spoof, local" },
    { name: "coalesce", about: "joins packets of a flow to a super-packet, finishes its headers; kernels" },
    { name: "write", about: "a packet or super-packet to the TUN device", call: "tunWrite" },
  ],
} as const;

export interface Stage {
  readonly name: string;
  readonly about: string;
  /** The stage is this system call, and all of them are counted, whether the stage is timed or not. */
  readonly call?: "tunRead" | "udpSend" | "udpReceive" | "tunWrite";
}

export type Direction = keyof typeof TABLE;

export const STAGES: Readonly<Record<Direction, readonly Stage[]>> = TABLE;

/** Numbers for `StageTimer.mark`. Both roads begin with `wait`. */
export const WAIT = 0;
export const EGRESS_STAGE = numbers(TABLE.egress);
export const INGRESS_STAGE = numbers(TABLE.ingress);

function numbers<Name extends string>(stages: readonly { readonly name: Name }[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(stages.map(({ name }, index) => [name, index])) as Record<Name, number>;
}
