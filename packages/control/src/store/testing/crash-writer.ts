/** A program for the crash test: writes to a store until it is killed, printing a line for each acknowledged write. */
import { writeSync } from "node:fs";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { systemClock } from "@warren/common/runtime/clock.ts";
import { openSqliteStore } from "../sqlite-store.ts";

const [path, count] = process.argv.slice(2);

try {
  const store = openSqliteStore({ path: path!, clock: systemClock });
  const first = (await store.range("k/")).entries.length;
  for (let n = first; n < first + Number(count); n++) {
    const revision = await store.txn(
      [],
      [
        { type: "put", key: `k/${n}`, value: `value ${n}` },
        { type: "put", key: `twin/${n}`, value: "" },
      ],
    );
    // Synchronous: the line is out before the next write begins.
    writeSync(1, `${JSON.stringify({ n, revision })}\n`);
  }
  await store.close();
} catch (error) {
  const { code, message } = WarrenError.from(error);
  writeSync(2, `${code}: ${message}\n`);
  process.exitCode = 1;
}
