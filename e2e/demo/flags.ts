import { parseArgs } from "node:util";
import { didYouMean } from "@warren/common/config/did-you-mean.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { CIPHERS, type Cipher } from "@warren/common/net/cipher.ts";

export interface DemoFlags {
  readonly nodes: number;
  readonly pods: number;
  /** What the cluster seals with. */
  readonly cipher: Cipher;
  readonly keep: boolean;
  readonly down: boolean;
  readonly json: boolean;
  readonly help: boolean;
  /** Name of the lab and prefix of its namespaces. */
  readonly name: string;
}

export const HELP = `npm run demo [-- FLAGS]

Brings up a Warren mesh in network namespaces of this machine, shows that it works, and takes it down again.
Needs root. Nothing outside its own namespaces is touched.

  --nodes N   hosts, each with an agent (default 3, 1 to 64)
  --pods N    pods on each host (default 2, 1 to 50)
  --cipher C  what traffic between nodes is sealed with: none, chacha20-poly1305 or aes-256-gcm (default none)
  --keep      leaves the mesh up and prints how to look around
  --down      removes what --keep left, or what a killed demo left
  --name NAME prefix of its namespaces (default demo); with different names, demos run side by side
  --json      prints one JSON object at the end; progress goes to standard error
  --help      this text

Exit codes: 0 all is well, 1 error, 2 usage, 3 not ready in time, 6 a demo is up already, 7 some checks failed,
130 interrupted.

Example: npm run demo -- --nodes 5 --pods 1
`;

/** Reads the flags. Throws `usage` with one line that says what is wrong and what was expected. */
export function parseFlags(args: readonly string[]): DemoFlags {
  const { values } = readArgs(args);
  const name = values.name ?? "demo";
  if (!/^[a-z0-9][a-z0-9-]{0,19}$/.test(name))
    throw new WarrenError("usage", `--name ${name}: expected [a-z0-9][a-z0-9-]*, at most 20 characters`);
  const { nodes, pods, cipher } = values;
  if (values.down && (values.keep || [nodes, pods, cipher].some((value) => value !== undefined)))
    throw new WarrenError("usage", "--down removes a demo: it goes with no other flag but --name and --json");
  return {
    nodes: count("--nodes", nodes, 3, 64),
    pods: count("--pods", pods, 2, 50),
    cipher: cipherOf(cipher),
    keep: values.keep ?? false,
    down: values.down ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
    name,
  };
}

function readArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        nodes: { type: "string" },
        pods: { type: "string" },
        cipher: { type: "string" },
        keep: { type: "boolean" },
        down: { type: "boolean" },
        name: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (cause) {
    // Node adds advice about `--` in further sentences; the first says what is wrong.
    const what = (cause as Error).message.split(". ")[0];
    throw new WarrenError(
      "usage",
      `${what}; expected --nodes N, --pods N, --cipher C, --keep, --down, --name NAME, --json or --help`,
      {
        cause,
      },
    );
  }
}

function cipherOf(text = "none"): Cipher {
  const known = CIPHERS.find((cipher) => cipher === text);
  if (known) return known;
  throw new WarrenError("usage", `--cipher ${text}: there is no such cipher${didYouMean(text, CIPHERS)}`);
}

function count(flag: string, text: string | undefined, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw new WarrenError("usage", `${flag} ${text}: expected a whole number from 1 to ${most}`);
  return value;
}
