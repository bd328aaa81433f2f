import { WarrenError } from "@warren/common/errors/warren-error.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAskRequest, checkTask } from "./task-shapes.ts";

const session = "00112233445566778899aabbccddeeff";
const node = { kind: "node" };
const target = { address: "10.244.1.2", port: 7000 };
const send = { do: "send", session, from: node, targets: [target], timeoutMs: 1_000 };
const listen = { do: "listen", session, places: [node], seconds: 60 };
const capture = { do: "capture", session, peers: ["192.0.2.1"], seconds: 3 };

describe("a task that another node asks for", () => {
  it.each([
    { do: "describe" },
    listen,
    { ...listen, places: [{ kind: "pod", namespace: "default", name: "web" }] },
    send,
    { ...send, tries: 5, targets: [{ ...target, sendBytes: 76, answerBytes: 65_535 }] },
    capture,
    { do: "add-pod", seconds: 120 },
    { do: "delete-pod", namespace: "warren-test", name: "warren-test-1" },
  ])("is taken as it is: %j", (task) => {
    expect(checkTask(task)).toEqual(task);
  });

  it("has its addresses in their one form", () => {
    const mixed = { ...send, targets: [{ ...target, address: "FD00:77:0::0002" }] };
    expect(checkTask(mixed)).toMatchObject({ targets: [{ address: "fd00:77::2" }] });
  });

  it.each([
    ["what is no task", "describe", /Invalid/],
    ["a task nobody knows", { do: "reboot" }, /do: /],
    ["a field too many", { do: "describe", program: "x" }, /program/],
    ["a session of another length", { ...listen, session: `${session}00` }, /session: expected 32 hex digits/],
    ["no place", { ...listen, places: [] }, /places/],
    ["too many places", { ...listen, places: Array(513).fill(node) }, /places/],
    ["too long a time", { ...listen, seconds: 121 }, /seconds/],
    ["a longer look", { ...capture, seconds: 11 }, /seconds/],
    ["a pod for longer", { do: "add-pod", seconds: 3_600 }, /seconds/],
    ["too many targets", { ...send, targets: Array(4_097).fill(target) }, /targets/],
    ["a name for an address", { ...send, targets: [{ ...target, address: "host" }] }, /targets\.0\.address/],
    ["no port", { ...send, targets: [{ ...target, port: 0 }] }, /targets\.0\.port/],
    ["a packet too short for a probe", { ...send, targets: [{ ...target, sendBytes: 75 }] }, /at least 76 bytes/],
    ["an answer too short", { ...send, targets: [{ address: "fd00::1", port: 1, answerBytes: 95 }] }, /at least 96/],
    ["a packet too long for any", { ...send, targets: [{ ...target, sendBytes: 65_536 }] }, /sendBytes/],
    ["a timeout of an hour", { ...send, timeoutMs: 3_600_000 }, /timeoutMs/],
    ["tries without end", { ...send, tries: 1_000 }, /tries/],
  ])("is refused with the reason: %s", (_what, task, reason) => {
    expect(() => checkTask(task)).toThrow(
      expect.objectContaining({ code: "usage", message: expect.stringMatching(reason) }),
    );
  });

  it("is a task or an error of usage, whatever comes", () => {
    const property = fc.property(fc.anything(), (value) => {
      for (const check of [checkTask, checkAskRequest])
        try {
          check(value);
        } catch (error) {
          expect(error).toBeInstanceOf(WarrenError);
          expect(error).toMatchObject({ code: "usage" });
        }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
