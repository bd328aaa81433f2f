// Lays the hosts' join token into /dev/shm, anew before it is too old, and stays: the memory is this container's, and all
// who share it can be killed and started one by one.
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const [, , controlDir, tokenFile] = process.argv;
const TTL_HOURS = 24;

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit());
for (;;) {
  const words = [
    "token",
    "create",
    "--uses",
    "100",
    "--ttl",
    `${TTL_HOURS}h`,
    "--file",
    tokenFile,
    "--run-dir",
    controlDir,
  ];
  const isLaid = await run("warren", words).then(
    () => true,
    () => false,
  );
  await sleep(isLaid ? (TTL_HOURS / 2) * 3_600_000 : 300);
}
