import type { StageCosts } from "@warren/common/api/types.ts";
import { z } from "zod";

/*
 * How `warren bench mesh NODE` and `warren bench mesh serve` talk. One TCP connection for control carries a line of JSON
 * for each request and for each answer, in turn. A stream of load is another connection to the same port (or to one made
 * with `listen`) whose first line names the run; all that follows is counted and thrown away. A datagram of load begins
 * with MAGIC and the number of its run.
 */
export const VERSION = 1;
export const DEFAULT_PORT = 7490;

export const MAGIC = 0x77_6c_61_62;
/** MAGIC and the number of a run. */
export const DATAGRAM_HEAD = 8;

/** First line of a connection; with a run it is a stream of load. */
export const greeting = z.object({ lab: z.literal(VERSION), run: z.number().int().nonnegative().optional() });

export const request = z.discriminatedUnion("do", [
  /** What the other node is, now. */
  z.object({ do: z.literal("describe") }),
  /** A further port on which TCP sends and is sent segments of at most `mss` bytes. */
  z.object({ do: z.literal("listen"), mss: z.number().int().min(88).max(65_535) }),
  /** The number of a new run. */
  z.object({ do: z.literal("begin") }),
  /** Counts and times the stages for so many seconds; answered afterwards. */
  z.object({ do: z.literal("count"), run: z.number().int(), seconds: z.number().int().min(1).max(60) }),
  /** Everything the run received, once nothing more comes. */
  z.object({ do: z.literal("finish"), run: z.number().int() }),
]);
export type Request = z.infer<typeof request>;

export interface Description {
  readonly node: string;
  readonly version: string;
  readonly cipher: string;
  readonly overlayMtu: number;
}

export interface Received {
  readonly bytes: number;
  readonly datagrams: number;
  readonly seconds: number;
}

export interface Counted extends Received {
  /** Null where no worker forwards. */
  readonly stages: StageCosts | null;
}

/** What each request is answered with. */
export interface Answers {
  readonly describe: Description;
  readonly listen: { readonly port: number };
  readonly begin: { readonly run: number };
  readonly count: Counted;
  readonly finish: Received;
}
