// The bootstrap: installs with the pinned pnpm, builds packet kernels and page, warms the compile cache, and leaves a stamp
// that makes every later run instant and offline. Node's own modules only, ES2022: it runs on Node 18.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { takeLock } from "./lock.mjs";
import { pageSources } from "./page-sources.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** What launch.sh looks at. */
const readyFile = join(root, "node_modules/.warren-ready");
/** Hash of what was installed, so that a build that fails does not cost another installation. */
const installedFile = join(root, "node_modules/.warren-installed");

/** Brings the checkout up to date. Ends the process with 1 and a line that says what to do when it cannot. */
export async function main() {
  const release = await takeLock(join(root, ".cache/bootstrap.lock"), say);
  try {
    await bringUpToDate();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    release();
  }
}

async function bringUpToDate() {
  // Files that change meanwhile must count as newer than the stamp.
  const started = new Date();
  const installHash = hashOf(manifests());
  const buildHash = hashOf([...kernelSources(), ...pageSources(root)]);
  if (readLine(installedFile) !== installHash || !existsSync(pinnedNode())) {
    await step("installing the pinned Node.js and packages (first run, needs the npm registry)", install);
    writeFileSync(installedFile, `${installHash}\n`);
  }
  const readyHash = `${installHash} ${buildHash}`;
  if (readLine(readyFile) !== readyHash) {
    await step("building the packet kernels and the page, and warming the compile cache", () =>
      run(pinnedNode(), [join(root, "scripts/prepare.ts")], "the build failed"),
    );
  }
  writeFileSync(readyFile, `${readyHash}\n`);
  utimesSync(readyFile, started, started);
}

/** Everything that decides what is installed. The same list is in launch.sh, which compares times only. */
function manifests() {
  const folders = [root, ...["packages", "."].flatMap((parent) => subfolders(join(root, parent)))];
  const files = folders.map((folder) => join(folder, "package.json")).filter((file) => existsSync(file));
  return [join(root, "pnpm-lock.yaml"), join(root, "pnpm-workspace.yaml"), ...files];
}

function kernelSources() {
  const folder = join(root, "packages/agent/assembly");
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name))
    : [];
}

function subfolders(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
    .map((entry) => join(folder, entry.name));
}

function hashOf(files) {
  const hash = createHash("sha256");
  // `files` is in the order of the file system: sort, so that the same files have the same hash.
  for (const file of [...files].sort()) hash.update(file.slice(root.length)).update("\0").update(readFileSync(file));
  return hash.digest("hex");
}

function readLine(file) {
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

function pinnedNode() {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  return join(root, `node_modules/node-linux-${arch}/bin/node`);
}

async function install() {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  mkdirSync(join(root, "node_modules"), { recursive: true });
  // The package by flag: an npx around this process leaves its own in the environment.
  const pnpm = ["--yes", `--package=${packageManager}`, "--", "pnpm"];
  const flags = ["--frozen-lockfile", "--prefer-offline", "--config.confirmModulesPurge=false"];
  await run("npx", [...pnpm, "install", ...flags], "the installation failed");
  if (!existsSync(pinnedNode())) {
    throw new Error(
      `no Node.js 24 package for ${process.platform} ${process.arch}; Warren runs on Linux, x64 and arm64`,
    );
  }
}

/** Runs a program quietly; on failure throws what it said last, or that the registry is out of reach. */
function run(program, args, failed) {
  return new Promise((resolve, reject) => {
    // A machine without network must get its answer in seconds, not after npm's default minutes of retries.
    const env = { ...process.env, npm_config_fetch_retries: "2", npm_config_fetch_retry_mintimeout: "1000" };
    env.npm_config_fetch_retry_maxtimeout = "4000";
    env.NODE_COMPILE_CACHE ??= join(root, ".cache/compile");
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk) => {
      output = (output + chunk).slice(-20_000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => {
      reject(new Error(error.code === "ENOENT" ? `${program} is not installed; it comes with npm` : error.message));
    });
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      const network = output.match(
        /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ECONNRESET)\b/,
      );
      if (network) {
        return reject(
          new Error(
            `${failed}: the npm registry does not answer (${network[1]}). The first run needs it once, ` +
              "every later run works offline. Check the network, or `npm config get registry`, and run the same again.",
          ),
        );
      }
      const last = output.trim().split("\n").slice(-25).join("\n");
      reject(new Error(`${failed} (${program} ended with ${code ?? signal}):\n${last}`));
    });
  });
}

async function step(what, work) {
  const started = Date.now();
  say(`${what} …`);
  await work();
  say(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function say(line) {
  process.stderr.write(`warren: ${line}\n`);
}
