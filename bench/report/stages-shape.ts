import { z } from "zod";
import type { StageMeasurement } from "./stages-table.ts";

const direction = z.enum(["egress", "ingress"]);
const traffic = z.object({ packets: z.number(), bytes: z.number() });

/** The results of the suite `stages` in a kept report. */
export const stageMeasurement: z.ZodType<StageMeasurement> = z.object({
  work: z.string(),
  node: z.enum(["client", "server"]),
  costs: z.object({
    seconds: z.number(),
    egress: traffic,
    ingress: traffic,
    workers: z.array(
      z.object({
        directions: z.array(direction),
        cpuNs: z.number(),
        ownNs: z.number(),
        rounds: z.number(),
        timedRounds: z.number(),
        stages: z.array(
          z.object({
            direction: direction.nullable(),
            stage: z.string(),
            about: z.string(),
            visits: z.number(),
            nsPerVisit: z.number(),
            nsPerPacket: z.number().nullable(),
            share: z.number(),
          }),
        ),
        accounted: z.number().nullable(),
      }),
    ),
  }),
});
