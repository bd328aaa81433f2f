import type { StageCosts } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";
import { STAGES } from "../dataplane/stages.ts";
import type { DataPlane } from "../dataplane-host/data-plane.ts";
import { directionCosts } from "./stage-costs.ts";

/** Times the stages of the packet path for a while, for one caller at a time. */
export class StageWatch {
  readonly #dataPlane: DataPlane;
  readonly #clock: Clock;
  #isBusy = false;

  constructor(dataPlane: DataPlane, clock: Clock) {
    this.#dataPlane = dataPlane;
    this.#clock = clock;
  }

  /**
   * Ends early when `signal` aborts, with what was counted until then. Whatever happens, nothing is timed afterwards.
   * @throws `busy` while another caller's time runs
   */
  async measure(seconds: number, signal: AbortSignal): Promise<StageCosts> {
    if (this.#isBusy)
      throw new WarrenError("busy", "another caller has the stages of this node timed; try again when it is done");
    this.#isBusy = true;
    const plane = this.#dataPlane;
    try {
      const { stages: before } = plane.stats();
      await plane.timeStages(true);
      const from = plane.stats();
      const startedMs = this.#clock.monotonicMs();
      await sleep(this.#clock, seconds * 1000, signal);
      const to = plane.stats();
      const endedMs = this.#clock.monotonicMs();
      await plane.timeStages(false);
      const { stages: after } = plane.stats();
      const syscalls = {
        tunRead: to.syscalls.tunRead - from.syscalls.tunRead,
        tunWrite: to.syscalls.tunWrite - from.syscalls.tunWrite,
        udpSend: to.syscalls.udpSend - from.syscalls.udpSend,
        udpReceive: to.syscalls.udpReceive - from.syscalls.udpReceive,
      };
      return {
        seconds: (endedMs - startedMs) / 1000,
        egress: directionCosts(STAGES.egress, {
          ...{ before: before.egress, after: after.egress, syscalls },
          packets: to.total.txPackets - from.total.txPackets,
          bytes: to.total.txBytes - from.total.txBytes,
        }),
        ingress: directionCosts(STAGES.ingress, {
          ...{ before: before.ingress, after: after.ingress, syscalls },
          packets: to.total.rxPackets - from.total.rxPackets,
          bytes: to.total.rxBytes - from.total.rxBytes,
        }),
      };
    } finally {
      await plane.timeStages(false);
      this.#isBusy = false;
    }
  }
}
