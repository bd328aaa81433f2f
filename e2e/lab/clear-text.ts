/** Looks in captures of an underlay for what should have been sealed, wherever in a frame it stands. */
import { readFileSync } from "node:fs";
import { parseAddress } from "@warren/common/net/address.ts";

export interface ClearTextSearch {
  /** As in `StreamOptions.marker`; behind each stand eight digits. */
  readonly markers: readonly string[];
  /** Addresses of pods; a source and a destination of these, one behind the other as in every IP header, are a find. */
  readonly addresses: readonly string[];
}

export interface ClearText {
  readonly frames: number;
  /** Frames with a find. */
  readonly finds: readonly Find[];
  /** By marker: which numbered datagrams were seen. */
  readonly numbers: ReadonlyMap<string, ReadonlySet<number>>;
}

export interface Find {
  readonly atMs: number;
  readonly what: "payload" | "addresses";
  /** The frame's first bytes, in hex. */
  readonly frame: string;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** Of a pcap file of this machine's byte order with microseconds. */
const MAGIC = 0xa1b2c3d4;

/**
 * Reads a capture of tcpdump. No protocol is decoded, so that nothing hides in one that was not thought of: VXLAN, a bare
 * packet, a fragment, an error message that quotes one.
 */
export function findClearText(path: string, { markers, addresses }: ClearTextSearch): ClearText {
  const file = readFileSync(path);
  if (file.readUInt32LE(0) !== MAGIC) throw new Error(`${path} is no pcap file`);
  const numbers = new Map(markers.map((marker) => [marker, new Set<number>()]));
  const words = [...numbers].map(([marker, seen]) => [Buffer.from(marker), seen] as const);
  const pairs = addresses.flatMap((source) => addresses.flatMap((destination) => pairOf(source, destination)));
  const finds: Find[] = [];
  let frames = 0;
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const isMarked = words.map(([word, seen]) => noteNumbers(frame, word, seen)).includes(true);
    if (isMarked || pairs.some((pair) => frame.includes(pair)))
      finds.push({
        atMs: file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000,
        what: isMarked ? "payload" : "addresses",
        frame: frame.subarray(0, 128).toString("hex"),
      });
    frames += 1;
    at += RECORD_HEADER + length;
  }
  return { frames, finds, numbers };
}

/** Empty for addresses of two families. */
function pairOf(source: string, destination: string): Buffer[] {
  const [from, to] = [parseAddress(source), parseAddress(destination)];
  if (from.family !== to.family || source === destination) return [];
  const bytes = from.family === 4 ? 4 : 16;
  return [Buffer.concat([from.bytes.subarray(0, bytes), to.bytes.subarray(0, bytes)])];
}

/** True when the marker is there at all. A fragment may begin or end in the middle of a number. */
function noteNumbers(frame: Buffer, marker: Buffer, numbers: Set<number>): boolean {
  let found = false;
  for (let at = frame.indexOf(marker); at >= 0; at = frame.indexOf(marker, at + marker.length)) {
    found = true;
    const digits = frame.toString("latin1", at + marker.length, at + marker.length + 9);
    if (/^\d{8} $/.test(digits)) numbers.add(Number(digits));
  }
  return found;
}
