import { crc32 } from "node:zlib";
import type { StoreEntry } from "./store.ts";

/** CRC-32 over everything in a row, kept in the row: finds a flipped bit, not a forger. */
export function entryChecksum(entry: StoreEntry): number {
  return crc32(`${entry.key}\0${entry.value}\0${entry.createRevision} ${entry.modRevision} ${entry.lease}`);
}
