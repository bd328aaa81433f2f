import type { CommandSpec, FlagSpec } from "../command-spec.ts";
import { VERSION } from "../version.ts";
import { commandGroups, EXIT_CODES, flagNames, NOTES, usageTail, withChoices } from "./command-text.ts";
import { configPage } from "./config-page.ts";
import { bold, entry, italic, page, paragraph, prose, section, subsection, typed, verbatim } from "./roff.ts";
import type { SERVICE_KEYS } from "./service-keys.ts";

/** When this version's pages were first made: of a version, like its number, so that the same source gives the same pages. */
const DATE = "2026-11-26";
const SOURCE = `warren ${VERSION}`;

/** Every page by its file name: `warren.1`, one of each command, one of each configuration file. */
export function manPages(commands: readonly CommandSpec[], keys: typeof SERVICE_KEYS): Record<string, string> {
  const pages: Record<string, string> = { "warren.1": overview(commands) };
  for (const spec of commands) if (spec.load) pages[`${pageName(spec)}.1`] = commandPage(spec, commands);
  for (const service of ["agent", "control"] as const)
    pages[`warren-${service}.yaml.5`] = configPage(service, keys[service], { date: DATE, source: SOURCE });
  return pages;
}

function pageName(spec: CommandSpec): string {
  return `warren-${spec.path.replaceAll(" ", "-")}`;
}

function overview(commands: readonly CommandSpec[]): string {
  const list = (specs: readonly CommandSpec[]) =>
    specs.map((spec) => entry(`${bold(pageName(spec))}(1)`, [prose(spec.description)]));
  return page("warren", 1, DATE, SOURCE, [
    section("NAME", ["warren \\- an overlay network for pods, containers and VMs that can be seen through\n"]),
    section("SYNOPSIS", [`${bold("warren")} ${italic("COMMAND")} [${italic("flags")}]\n`]),
    section("DESCRIPTION", [
      paragraph(
        prose(
          "Every pod has an address of its own and reaches every other pod on every node without NAT, over any IP " +
            "network, plain or sealed. `warren control` hands out pod CIDRs and tells the nodes of each other; `warren " +
            "agent` forwards the traffic of a node's pods. All other commands talk to the agent or the control plane of " +
            "this machine through a socket in the run directory.",
        ),
      ),
      paragraph(prose("`warren COMMAND --help` explains a command, as its page does.")),
    ]),
    section(
      "COMMANDS",
      [...commandGroups(commands)].map(([group, specs]) => subsection(group, list(specs))),
    ),
    section(
      "NOTES",
      NOTES.map((note) => paragraph(prose(note))),
    ),
    section(
      "EXIT STATUS",
      EXIT_CODES.map((meaning, code) => entry(bold(String(code)), [prose(meaning)])),
    ),
    section("ENVIRONMENT", [
      entry(bold("WARREN_RUN_DIR"), [prose("Directory of the sockets, where `--run-dir` is not given.")]),
      entry(bold("NO_COLOR"), [prose("When it is not empty, no colours.")]),
    ]),
    section("FILES", [
      entry(italic("/etc/warren/agent.yaml"), [see("warren-agent.yaml", 5)]),
      entry(italic("/etc/warren/control.yaml"), [see("warren-control.yaml", 5)]),
      entry(italic("/run/warren"), [prose("The sockets, and `subnet.env` with the overlay in flannel's keys.")]),
      entry(italic("/var/lib/warren"), [prose("State and keys.")]),
    ]),
  ]);
}

function commandPage(spec: CommandSpec, commands: readonly CommandSpec[]): string {
  const name = pageName(spec);
  const tail = usageTail(spec);
  return page(name, 1, DATE, SOURCE, [
    section("NAME", [`${typed(name)} \\- ${prose(summary(spec))}\n`]),
    section("SYNOPSIS", [`${bold(`warren ${spec.path}`)}${tail === "" ? "" : ` ${typed(tail)}`}\n`]),
    section("DESCRIPTION", [paragraph(prose(spec.description))]),
    section(
      "ARGUMENTS",
      (spec.arguments ?? []).map((argument) => entry(italic(argument.name), [prose(sentence(withChoices(argument)))])),
    ),
    section(
      "OPTIONS",
      spec.flags.map((flag) => entry(flagTerm(flag), [prose(sentence(withChoices(flag)))])),
    ),
    section(
      "EXAMPLES",
      spec.examples.flatMap((example) => [paragraph(prose(sentence(example.explains))), verbatim(example.command)]),
    ),
    section("SEE ALSO", [`${related(spec, commands).join(",\n")}\n`]),
  ]);
}

/** The first sentence, as the NAME section has it: without capital and full stop. */
function summary({ description }: CommandSpec): string {
  const first = /^.*?\.(?= [A-Z]|$)/.exec(description)?.[0] ?? description;
  return `${first.charAt(0).toLowerCase()}${first.slice(1).replace(/\.$/, "")}`;
}

function sentence(text: string): string {
  const isEnded = /[.…!?]$/.test(text);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${isEnded ? "" : "."}`;
}

function flagTerm(flag: FlagSpec): string {
  const names = flagNames(flag).map(bold).join(", ");
  return flag.value ? `${names} ${italic(flag.value)}` : names;
}

/** The whole, the file of a service, and the commands beside and below. */
function related(spec: CommandSpec, commands: readonly CommandSpec[]): string[] {
  const [family] = spec.path.split(" ");
  const near = commands.filter((each) => each.load && each !== spec && each.path.split(" ")[0] === family);
  const files = spec.path === "agent" || spec.path === "control" ? [see(`warren-${spec.path}.yaml`, 5)] : [];
  return [see("warren", 1), ...files, ...near.map((each) => see(pageName(each), 1))];
}

function see(name: string, number: number): string {
  return `${bold(name)}(${number})`;
}
