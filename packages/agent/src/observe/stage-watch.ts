import type { StageCosts } from "@warren/common/api/types.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Clock } from "@warren/common/runtime/clock.ts";
import { sleep } from "../control-client/retry.ts";
import type { DataPlane } from "../dataplane-host/data-plane.ts";
import { workerCosts } from "./worker-costs.ts";

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
      const { workers: before, kind } = plane.stats();
      if (kind === "kernel")
        throw new WarrenError(
          "not-found",
          `the kernel carries this node's packets and times no stages; "warren dataplane set tun" changes that while traffic flows`,
        );
      await plane.timeStages(true);
      const from = plane.stats();
      const startedMs = this.#clock.monotonicMs();
      await sleep(this.#clock, seconds * 1000, signal);
      const to = plane.stats();
      const endedMs = this.#clock.monotonicMs();
      await plane.timeStages(false);
      const { workers: after } = plane.stats();
      const syscalls = {
        tunRead: to.syscalls.tunRead - from.syscalls.tunRead,
        tunWrite: to.syscalls.tunWrite - from.syscalls.tunWrite,
        udpSend: to.syscalls.udpSend - from.syscalls.udpSend,
        udpReceive: to.syscalls.udpReceive - from.syscalls.udpReceive,
      };
      const traffic = {
        egress: {
          packets: to.total.txPackets - from.total.txPackets,
          bytes: to.total.txBytes - from.total.txBytes,
        },
        ingress: {
          packets: to.total.rxPackets - from.total.rxPackets,
          bytes: to.total.rxBytes - from.total.rxBytes,
        },
      };
      return {
        seconds: (endedMs - startedMs) / 1000,
        ...traffic,
        // None after a change to the kernel's device meanwhile.
        workers: after.map((each, index) => workerCosts({ before: before[index]!, after: each, syscalls, traffic })),
      };
    } finally {
      await plane.timeStages(false);
      this.#isBusy = false;
    }
  }
}
