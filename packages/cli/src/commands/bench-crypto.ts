import { availableParallelism } from "node:os";
import { benchCrypto } from "@warren/agent/lab/crypto/bench-crypto.ts";
import { LARGEST } from "@warren/agent/lab/crypto/layout.ts";
import { defaultOptions, IMPLEMENTATIONS } from "@warren/agent/lab/crypto/matrix.ts";
import { WorkerPool } from "@warren/agent/lab/crypto/worker-pool.ts";
import { SEALING_CIPHERS } from "@warren/common/net/cipher.ts";
import { type CommandContext, integerFlag, integersFlag, numberFlag, wordsFlag } from "../context.ts";
import { prepareOutputs } from "../lab/run-outputs.ts";
import { Progress } from "../output/progress.ts";

export async function run(context: CommandContext): Promise<void> {
  const cores = availableParallelism();
  const defaults = defaultOptions(cores, context.flags["quick"] === true);
  const options = {
    ciphers: wordsFlag(context, "cipher", SEALING_CIPHERS) ?? defaults.ciphers,
    implementations: wordsFlag(context, "implementation", IMPLEMENTATIONS) ?? defaults.implementations,
    sizes: integersFlag(context, "size", 1, LARGEST) ?? defaults.sizes,
    threads: integersFlag(context, "threads", 1, cores) ?? defaults.threads,
    repeats: integerFlag(context, "repeats", 1, 50) ?? defaults.repeats,
    seconds: numberFlag(context, "seconds", 0.001, 10) ?? defaults.seconds,
  };
  const publish = prepareOutputs(context, "crypto");
  const progress = new Progress(context);
  const pool = new WorkerPool();
  try {
    const measured = await benchCrypto(options, pool.take, progress.show, new Date().toISOString());
    progress.end();
    await publish(measured);
  } finally {
    progress.end();
    await pool.close();
  }
}
