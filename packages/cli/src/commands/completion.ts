import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { completionPoints } from "../completion/words.ts";
import { zshScript } from "../completion/zsh.ts";
import type { CommandContext } from "../context.ts";

const GENERATORS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export async function run(context: CommandContext): Promise<void> {
  context.write(GENERATORS[context.args[0] as keyof typeof GENERATORS](completionPoints(context.commands)));
}
