import { runIn } from "../lab/netns.ts";
import type { Engine } from "./engine.ts";

/** What a project could leave behind, line by line: at the engine, and in the network it is in. */
export async function footprint(engine: Engine): Promise<string[]> {
  const [containers, networks, volumes, links, rules] = await Promise.all([
    engine.docker(["ps", "--all", "--format", "container {{.Names}}"]),
    engine.docker(["network", "ls", "--format", "network {{.Name}}"]),
    engine.docker(["volume", "ls", "--format", "volume {{.Name}}"]),
    runIn(engine.netns, "ip", ["-brief", "link"]),
    runIn(engine.netns, "nft", ["--stateless", "list", "ruleset"]),
  ]);
  const names = [containers, networks, volumes].flatMap(({ stdout }) => lines(stdout));
  return [
    ...names,
    ...lines(links.stdout).map((line) => `link ${line.split(" ")[0]}`),
    ...lines(rules.stdout).map((line) => `rule ${line}`),
  ].sort();
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}
