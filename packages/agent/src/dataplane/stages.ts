/** The stages of the packet path, in the order of the roads that egress.ts and ingress.ts begin with. */
const ROADS = {
  egress: [
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
    { name: "receive", about: "datagrams of one sender from the underlay", call: "udpReceive" },
    { name: "sender", about: "outer source to peer" },
    { name: "open", about: "decrypts in place, replay window" },
    { name: "decapsulate", about: "VXLAN header, VNI, inner Ethernet type and destination" },
    { name: "police", about: "inner lengths, source and destination looked up: anti-spoof, local" },
    { name: "coalesce", about: "joins packets of a flow to a super-packet, finishes its headers; kernels" },
    { name: "write", about: "a packet or super-packet to the TUN device", call: "tunWrite" },
  ],
} as const;

export type Direction = keyof typeof ROADS;

export interface Stage {
  /** Null for `wait`, which a worker for both directions does for both. */
  readonly direction: Direction | null;
  readonly name: string;
  readonly about: string;
  /** The stage is this system call, and all of them are counted, whether the stage is timed or not. */
  readonly call?: "tunRead" | "udpSend" | "udpReceive" | "tunWrite";
}

/** Every stage; its place is its number for `StageTimer.mark`. */
export const STAGES: readonly Stage[] = [
  { direction: null, name: "wait", about: "looks for work, blocks, is woken" },
  ...ROADS.egress.map((stage) => ({ direction: "egress" as const, ...stage })),
  ...ROADS.ingress.map((stage) => ({ direction: "ingress" as const, ...stage })),
];

export const WAIT = 0;
export const EGRESS_STAGE = numbers(ROADS.egress, WAIT + 1);
export const INGRESS_STAGE = numbers(ROADS.ingress, WAIT + 1 + ROADS.egress.length);

function numbers<Name extends string>(
  road: readonly { readonly name: Name }[],
  first: number,
): Readonly<Record<Name, number>> {
  return Object.fromEntries(road.map(({ name }, index) => [name, first + index])) as Record<Name, number>;
}
