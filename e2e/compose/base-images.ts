/**
 * The base images of the Dockerfile, made on this machine: a small Debian by debootstrap, and the same with the Node.js and
 * npm that run here. Where the registry of images is out of reach the real Dockerfile is built all the same.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { run } from "@warren/common/runtime/run.ts";
import type { Engine } from "./engine.ts";

const SUITE = "bookworm";
/** Older than this a base lacks so many updates that an installation on it takes long. */
const FRESH_DAYS = 14;
/** What images of the kind called slim lack. */
const NOT_IN_SLIM = [
  ...["var/cache/apt", "var/lib/apt/lists", "var/log", "usr/share/doc", "usr/share/man", "usr/share/locale"],
  "usr/share/info",
];

/** Gives the engine `debian:bookworm-slim` and `node:24-bookworm-slim`. The first is kept in the user's cache. */
export async function importBaseImages(engine: Engine): Promise<void> {
  await engine.docker(["import", "--change", 'CMD ["bash"]', await debianTarball(), `debian:${SUITE}-slim`]);
  await buildNodeImage(engine);
}

async function debianTarball(): Promise<string> {
  const cache = join(homedir(), ".cache/warren/base-images");
  const tarball = join(cache, `debian-${SUITE}-slim.tar`);
  if (existsSync(tarball) && Date.now() - statSync(tarball).mtimeMs < FRESH_DAYS * 86_400_000) return tarball;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "warren-debian-"));
  try {
    const root = join(work, "root");
    await run("debootstrap", ["--variant=minbase", "--include=ca-certificates", SUITE, root], { timeoutMs: 300_000 });
    for (const path of NOT_IN_SLIM) {
      rmSync(join(root, path), { recursive: true, force: true });
      mkdirSync(join(root, path));
    }
    await run("tar", ["--directory", root, "--create", "--file", `${tarball}.${process.pid}`, "."]);
    renameSync(`${tarball}.${process.pid}`, tarball);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return tarball;
}

async function buildNodeImage(engine: Engine): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), "warren-node-image-"));
  try {
    const local = join(context, "local");
    mkdirSync(join(local, "bin"), { recursive: true });
    cpSync(process.execPath, join(local, "bin/node"));
    cpSync(npmFolder(), join(local, "lib/node_modules/npm"), { recursive: true });
    for (const program of ["npm", "npx"])
      symlinkSync(`../lib/node_modules/npm/bin/${program}-cli.js`, join(local, "bin", program));
    const lines = [`FROM debian:${SUITE}-slim`, "COPY local /usr/local", ...(await networkOfThisMachine(context))];
    writeFileSync(join(context, "Dockerfile"), `${lines.join("\n")}\nCMD ["node"]\n`);
    await engine.docker(["build", "--quiet", "--tag", `node:24-${SUITE}-slim`, context], { timeoutMs: 120_000 });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** The package that the `npm` of the PATH is a link into. */
function npmFolder(): string {
  const npm = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "npm"));
  return dirname(dirname(realpathSync(npm.find((path) => existsSync(path))!)));
}

/** What npm needs to reach its registry from this machine: where that is, and whom it trusts. */
async function networkOfThisMachine(context: string): Promise<string[]> {
  const { stdout } = await run("npm", ["config", "get", "registry"]);
  const lines = [`ENV npm_config_registry=${stdout.trim()}`];
  const bundle = process.env["NODE_EXTRA_CA_CERTS"];
  if (bundle !== undefined && existsSync(bundle)) {
    cpSync(bundle, join(context, "local/ca.crt"));
    lines.push("ENV NODE_EXTRA_CA_CERTS=/usr/local/ca.crt");
  }
  return lines;
}
