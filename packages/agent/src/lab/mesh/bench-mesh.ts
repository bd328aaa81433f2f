import { WarrenError } from "@warren/common/errors/warren-error.ts";
import { figureOf, keyText } from "../figure.ts";
import { describeMachine } from "../machine.ts";
import type { ShowProgress } from "../progress.ts";
import { type Figure, FORMAT, type LabFailure, type LabKey, type LabLine, type LabRun } from "../run.ts";
import { shuffled } from "../shuffle.ts";
import type { CipherSwitch } from "./cipher-switch.ts";
import { keyOf, type MeshLoad, type MeshOptions, misfit } from "./loads.ts";
import type { Measured, MeasureLoad } from "./measure-load.ts";
import type { Description } from "./protocol.ts";
import { cpuOf, stageFigures } from "./stage-figures.ts";

/** The two nodes and what is between them. */
export interface MeshEnds {
  /** Address of the other node. */
  readonly host: string;
  /** What each of them is now; here with the cipher that packets to the other are sealed with. */
  readonly here: () => Promise<Description>;
  readonly there: () => Promise<Description>;
  readonly measure: MeasureLoad;
  readonly ciphers: CipherSwitch;
}

interface Place {
  readonly key: LabKey;
  readonly measured: Measured[];
}

/**
 * Measures every load under every cipher, `repeats` times round, each time in another order. Whatever ends it, the
 * cluster has its first cipher again afterwards.
 * @throws what `signal` was aborted with; WarrenError of the nodes before anything was measured
 */
export async function benchMesh(
  options: MeshOptions,
  ends: MeshEnds,
  progress: ShowProgress,
  started: string,
  signal: AbortSignal,
): Promise<LabRun> {
  const { repeats, seconds, loads } = options;
  const [here, there] = await Promise.all([ends.here(), ends.there()]);
  const ciphers = options.ciphers ?? [here.cipher];
  const places = new Map<string, Place>();
  const failures = new Map<string, LabFailure>();
  let done = 0;
  try {
    for (let round = 0; round < repeats; round++) {
      // There and back: a change of cipher takes seconds, and a round begins with the one that the last ended with.
      for (const cipher of round % 2 === 0 ? ciphers : ciphers.toReversed()) {
        if (options.ciphers !== null) await ends.ciphers.set(cipher, () => bothHave(cipher, ends), signal);
        const overlayMtu = await sharedMtu(ends);
        for (const load of shuffled(loads, round)) {
          signal.throwIfAborted();
          const key = keyOf(load, cipher, overlayMtu);
          progress(done++ / (repeats * ciphers.length * loads.length), describe(load, cipher));
          const place = places.get(keyText(key)) ?? { key, measured: [] };
          places.set(keyText(key), place);
          try {
            const reason = misfit(load, ends.host, overlayMtu);
            if (reason !== undefined) throw new WarrenError("usage", reason);
            place.measured.push(await ends.measure(load, seconds, overlayMtu, signal));
          } catch (error) {
            signal.throwIfAborted();
            const { message } = error as Error;
            failures.set(`${keyText(key)} ${message}`, { key, reason: message });
          }
        }
      }
    }
  } catch (error) {
    // Whatever was under way ends with an error of its own.
    signal.throwIfAborted();
    throw error;
  } finally {
    await ends.ciphers.restore();
  }
  return {
    format: FORMAT,
    kind: "mesh",
    started,
    machine: describeMachine(),
    settings: { repeats, seconds, from: here.node, to: there.node },
    lines: inOrder([...places.values()], options, ciphers),
    failures: [...failures.values()],
    warnings: here.version === there.version ? [] : [`versions differ: ${here.version} here, ${there.version} there`],
  };
}

async function bothHave(cipher: string, { here, there }: MeshEnds): Promise<boolean> {
  return (await Promise.all([here(), there()])).every((node) => node.cipher === cipher);
}

async function sharedMtu({ here, there }: MeshEnds): Promise<number> {
  return Math.min(...(await Promise.all([here(), there()])).map(({ overlayMtu }) => overlayMtu));
}

function describe(load: MeshLoad, cipher: string): string {
  if (load.load === "udp") return `${cipher}, udp ${load.size} B`;
  return `${cipher}, tcp × ${load.streams}${load.mtu === null ? "" : `, ${load.mtu} B`}`;
}

/** Lines by cipher, then by load, as they were asked for; the order of measuring is no order to read. */
function inOrder(places: readonly Place[], { loads }: MeshOptions, ciphers: readonly string[]): LabLine[] {
  const rank = ({ key }: Place) =>
    ciphers.indexOf(String(key["cipher"])) * loads.length +
    loads.findIndex((load) => keyText(keyOf(load, String(key["cipher"]), Number(key["mtu"] ?? 0))) === keyText(key));
  return places
    .filter(({ measured }) => measured.length > 0)
    .sort((a, b) => rank(a) - rank(b))
    .map(({ key, measured }) => lineOf(key, measured));
}

function lineOf(key: LabKey, measured: readonly Measured[]): LabLine {
  const isTcp = key["load"] === "tcp";
  const figure = (name: string, unit: string, kind: Figure["kind"], value: (each: Measured) => number | null) =>
    figureOf(
      name,
      unit,
      kind,
      measured.map(value).filter((sample) => sample !== null),
    );
  const gigabytes = ({ received }: Measured) => received.bytes / received.seconds / 1e9;
  const perGigabyte = (cpu: number | null, each: Measured) =>
    cpu === null || each.received.bytes === 0 ? null : cpu / gigabytes(each);
  const sent = ({ sender }: Measured) => (sender && sender.egress.packets > 0 ? sender.egress : null);
  return {
    key,
    figures: [
      figure("throughput", "Gbit/s", isTcp ? "speed" : "shown", (each) => gigabytes(each) * 8),
      isTcp
        ? figure("packets", "k/s", "shown", (each) => sent(each) && sent(each)!.packets / each.sender!.seconds / 1000)
        : figure("packets", "k/s", "speed", ({ received }) => received.datagrams / received.seconds / 1000),
      figure("loss", "%", "shown", ({ loss }) => loss && loss * 100),
      figure("sender-cpu", "s/GB", "cost", (each) => perGigabyte(cpuOf(each.sender), each)),
      figure("receiver-cpu", "s/GB", "cost", (each) => perGigabyte(cpuOf(each.receiver), each)),
      figure("packet-size", "B", "shown", (each) => sent(each) && sent(each)!.bytes / sent(each)!.packets),
    ].filter(({ samples }) => samples.length > 0),
    stages: stageFigures(measured),
  };
}
