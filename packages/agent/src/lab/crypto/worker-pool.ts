import { Worker } from "node:worker_threads";
import type { Cell } from "./matrix.ts";
import type { Timed } from "./time-aead.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** What the threads of one sample did, each for itself. */
export interface Sample {
  readonly timed: readonly Timed[];
  /** The least part of the time that one of them was on a core. */
  readonly onCore: number;
}

/** Takes a sample of a cell. Rejects with the reason when its implementation cannot be had. */
export type TakeSample = (cell: Cell, forMs: number) => Promise<Sample>;

/** Threads that are started when first needed and kept: compiled code stays warm from sample to sample. */
export class WorkerPool {
  readonly #workers: Worker[] = [];

  /** All threads of the cell at once. */
  readonly take: TakeSample = async (cell, forMs) => {
    while (this.#workers.length < cell.threads) this.#workers.push(this.#start());
    const answers = await Promise.all(
      this.#workers.slice(0, cell.threads).map((worker) => ask(worker, { cell, forMs })),
    );
    const timed = answers.map((answer) => {
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    });
    return { timed, onCore: Math.min(...timed.map(({ onCore }) => onCore)) };
  };

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }

  #start(): Worker {
    return new Worker(new URL("./worker-entry.ts", import.meta.url), { name: "warren-lab", execArgv: [], env: {} });
  }
}

function ask(worker: Worker, message: ToWorker): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const ended = (code: number) => reject(new Error(`a measuring thread ended with ${code}`));
    const settle = (act: () => void) => {
      worker.off("error", failed);
      worker.off("exit", ended);
      worker.off("message", answered);
      act();
    };
    const failed = (error: unknown) => settle(() => reject(error as Error));
    const answered = (answer: FromWorker) => settle(() => resolve(answer));
    worker.once("error", failed);
    worker.once("exit", ended);
    worker.once("message", answered);
    worker.postMessage(message);
  });
}
