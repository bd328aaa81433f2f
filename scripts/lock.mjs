// A lock between processes of one machine: a file with the owner's process id. Runs on Node 18.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const POLL_MS = 200;
const DEADLINE_MS = 15 * 60_000;

/**
 * Waits until the lock is ours and returns the function that gives it back. A lock whose owner has died is taken over.
 * `say` gets one line when there is somebody to wait for.
 */
export async function takeLock(file, say) {
  mkdirSync(dirname(file), { recursive: true });
  const deadline = Date.now() + DEADLINE_MS;
  for (let announced = false; ; ) {
    if (tryCreate(file)) return () => rmSync(file, { force: true });
    const owner = readOwner(file);
    if (owner !== undefined && !isAlive(owner)) {
      breakLock(file, owner);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(`process ${owner} has held ${file} for too long; end it, or remove the file, and run again`);
    }
    if (!announced && owner !== undefined) {
      say(`another first run is at work (process ${owner}); waiting for it`);
      announced = true;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Made whole under another name and linked into place, so that nobody ever reads a lock without its owner. */
function tryCreate(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${process.pid}\n`);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The process that holds the lock; undefined when it was given back meanwhile. */
function readOwner(file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Takes a dead owner's lock away. When a rival was quicker and the lock is a new one, it is put back. */
function breakLock(file, deadOwner) {
  const aside = `${file}.broken.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readOwner(aside) !== deadOwner) linkSync(aside, file);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}
