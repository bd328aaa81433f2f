import { isTestCode, type SourceFile } from "./source-files.ts";

/** A border: files whose path matches `from` import nothing that matches `mustNotImport`, because `why`. */
export interface Border {
  readonly from: RegExp;
  /** Files inside `from` to which the border does not apply. */
  readonly except?: RegExp;
  readonly mustNotImport: RegExp;
  readonly why: string;
  /** Tests may cross it. */
  readonly testsMayCross?: boolean;
}

const AGENT = "^packages/agent/src/";
const under = (...folders: string[]) => new RegExp(`${AGENT}(${folders.join("|")})/`);

export const BORDERS: readonly Border[] = [
  {
    from: /^packages\/common\//,
    mustNotImport: /^(packages\/(?!common\/)|e2e\/|bench\/)/,
    why: "common is the vocabulary of all others; it knows none of them",
  },
  {
    from: /^packages\/agent\//,
    mustNotImport: /^(packages\/(control|cli)\/|e2e\/|bench\/)/,
    why: "agent and control meet only in common's protobuf, so that each can be replaced and run alone",
  },
  {
    from: /^packages\/control\//,
    mustNotImport: /^(packages\/(agent|cli)\/|e2e\/|bench\/)/,
    why: "agent and control meet only in common's protobuf, so that each can be replaced and run alone",
  },
  {
    from: /^packages\/cli\//,
    mustNotImport: /^(e2e\/|bench\/)/,
    why: "the product does not depend on its tests",
  },
  {
    from: /^packages\/cli\//,
    mustNotImport: /^packages\/(agent|control)\/src\/(?!(app|doctor|lab)\/)/,
    why: "the command line starts services, doctors and the laboratory; what is inside them is reached through their sockets",
  },
  {
    from: /^packages\/cli\/src\/mesh-test\//,
    mustNotImport: /^packages\/(agent|control)\//,
    why: "the self-test sees a mesh as any user can, through the sockets: what it shows does not depend on what is inside",
  },
  {
    from: /^packages\/common\/src\/(wire|net)\//,
    mustNotImport: /^(node:|pino|zod|yaml|@grpc\/|protobufjs|packages\/common\/src\/(?!(wire|net|errors)\/))/,
    why: "codecs and addresses are pure: no I/O, no clock; they run unchanged in the simulator and in fuzz tests",
    testsMayCross: true,
  },
  {
    from: under("dataplane", "route"),
    mustNotImport: /^(node:|koffi|pino|zod|packages\/agent\/src\/(?!(dataplane|route|kernels)\/))/,
    why: "the packet path is pure: devices, clock and messages are handed in, so that the simulator runs the real one",
    testsMayCross: true,
  },
  {
    from: under("dataplane", "route"),
    mustNotImport: /^packages\/common\/src\/(?!(wire|net)\/)/,
    why: "the packet path knows packets and prefixes, nothing of control planes and errors as values",
    testsMayCross: true,
  },
  {
    from: under("route"),
    mustNotImport: under("dataplane"),
    why: "a table does not know who looks it up",
    testsMayCross: true,
  },
  {
    from: under("secure"),
    mustNotImport: /^(node:(?!crypto$)|koffi|pino|zod|libsodium|packages\/agent\/src\/(?!(secure|dataplane|route)\/))/,
    why: "handshakes and sessions are functions of what is handed in, time and randomness too: the simulator runs the real ones",
    testsMayCross: true,
  },
  {
    from: under("dataplane-host"),
    mustNotImport: under("app", "control-client", "pods", "observe", "live", "doctor", "host"),
    why: "the host of the packet path is told what to forward; it does not ask around",
    testsMayCross: true,
  },
  {
    from: under("control-client", "pods", "observe", "live", "doctor", "host", "platform", "probe"),
    mustNotImport: under("app"),
    why: "the composition root knows the parts, never the other way round",
    testsMayCross: true,
  },
  {
    from: under("lab"),
    mustNotImport: /^packages\/agent\/src\/(?!(lab|secure|platform)\/)/,
    why: "the laboratory measures ciphers by themselves, and agents through their sockets, as any other program would",
  },
  {
    from: /^packages\/agent\/src\/(?!lab\/)/,
    mustNotImport: under("lab"),
    why: "an agent runs without the laboratory",
  },
  {
    from: under("platform"),
    mustNotImport: /^packages\/agent\/src\/(?!((platform|dataplane|route)\/|secure\/aead\.ts$))/,
    why: "libraries and system calls are the bottom: they know the ports, layouts and ciphers of the packet path, no more",
    testsMayCross: true,
  },
  {
    from: under("control-client", "observe", "live", "pods", "probe"),
    except: /\/linux-[\w-]+\.ts$/,
    mustNotImport: under("platform"),
    why: "the kernel is reached through an interface with a memory twin; only the linux-… adapter behind it knows Linux",
    testsMayCross: true,
  },
  {
    from: /^packages\/dashboard\//,
    mustNotImport: /^(node:|packages\/(?!dashboard\/|common\/src\/(api\/|report\/|net\/cipher\.ts$))|e2e\/|bench\/)/,
    why: "the page runs in a browser: of ours it knows the shapes of the API, and how figures are written",
    testsMayCross: true,
  },
  {
    from: /^packages\/dashboard\/src\/model\//,
    mustNotImport: /^(preact|packages\/dashboard\/src\/(?!model\/))/,
    why: "what is shown is decided by functions of the answer and the time; how it looks is another matter",
    testsMayCross: true,
  },
  {
    from: /^packages\/control\/src\/ipam\//,
    mustNotImport: /^(node:|packages\/control\/src\/(?!(ipam\/|registry\/keys\.ts$)))/,
    why: "the allocator is a pure function of what is taken; the store and the clock are its callers'",
    testsMayCross: true,
  },
  {
    from: /^packages\/control\/src\/store\//,
    mustNotImport: /^packages\/control\/src\/(?!store\/)/,
    why: "a store holds keys and values; what they mean is not its business",
    testsMayCross: true,
  },
  {
    from: /^packages\/\w+\/src\/(?!.*(\.test\.ts$|\/testing\/))/,
    mustNotImport: /(\.test\.ts$|\/testing\/|^vitest$|^fast-check$)/,
    why: "what ships does not load what tests it",
  },
  {
    from: /^bench\//,
    mustNotImport: /^(packages\/(?!common\/)|e2e\/(?!lab\/))/,
    why: "a benchmark measures the command users run, in the lab the tests use",
    testsMayCross: true,
  },
  {
    from: /^e2e\/(?!mesh\/|lab\/|meta\/)/,
    // Contract suites of the adapters to the kernel, and of pods under an agent whose control plane is a fake.
    except: /^e2e\/netns\/(dataplane|pods|probe)-[\w-]+(\.test)?\.ts$/,
    mustNotImport: /^packages\/(agent|control|cli)\//,
    why: "these tests see what a user sees: commands, sockets and packets",
  },
];

/** `path imports x: why` for every border that is crossed. */
export function crossings(files: readonly SourceFile[], borders: readonly Border[] = BORDERS): string[] {
  return files.flatMap((file) =>
    borders
      .filter((border) => border.from.test(file.path) && !border.except?.test(file.path))
      .filter((border) => !(border.testsMayCross && isTestCode(file.path)))
      .flatMap((border) =>
        file.imports
          .filter((name) => border.mustNotImport.test(name))
          .map((name) => `${file.path} imports ${name}: ${border.why}`),
      ),
  );
}
