import { WarrenError } from "@warren/common/errors/warren-error.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs work whose signal aborts at ctrl-C, instead of ending the process in the middle: the work undoes what it did. A
 * second ctrl-C ends it at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const aborter = new AbortController();
  const interrupt = (): void => {
    aborter.abort(new WarrenError("timeout", "interrupted before it was done"));
    stopListening();
  };
  const stopListening = (): void => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    return await work(aborter.signal);
  } finally {
    stopListening();
  }
}
