import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalServer } from "@warren/common/api/local-server.ts";
import { WarrenError } from "@warren/common/errors/warren-error.ts";
import type { Startable } from "@warren/common/runtime/startable.ts";
import { afterEach, beforeEach, expect, it } from "vitest";
import { controlCipher, presentCipher } from "./cipher-switch.ts";

const never = new AbortController().signal;
const there = () => Promise.resolve(true);
let directory: string;
let socket: string;
let control: Startable;
let cipher: string;
let changes: string[];
let refuse: boolean;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "warren-lab-"));
  socket = join(directory, "control.sock");
  [cipher, changes, refuse] = ["none", [], false];
  control = createLocalServer({
    socketPath: socket,
    onDefect: () => {},
    routes: [
      { method: "GET", path: "/v1/cluster", handle: () => Promise.resolve({ cipher }) },
      {
        method: "POST",
        path: "/v1/cluster",
        handle: ({ body }) => {
          if (refuse) return Promise.reject(new WarrenError("setting-conflict", "a peer speaks no cipher"));
          cipher = (body as { readonly cipher: string }).cipher;
          changes.push(cipher);
          return Promise.resolve({ cipher });
        },
      },
    ],
  });
  await control.start();
});
afterEach(async () => {
  await control.stop();
  rmSync(directory, { recursive: true });
});

it("changes the cipher only where it is another, and puts the first one back", async () => {
  const ciphers = controlCipher(socket, 0);
  await ciphers.set("none", there, never);
  let polls = 0;
  await ciphers.set("aes-256-gcm", () => Promise.resolve(++polls > 1), never);
  await ciphers.set("chacha20-poly1305", there, never);
  await ciphers.restore();
  await ciphers.restore();
  expect(changes).toEqual(["aes-256-gcm", "chacha20-poly1305", "none"]);
  expect(polls).toBe(2);
});

it("leaves a cluster alone that it never changed", async () => {
  await controlCipher(socket, 0).restore();
  expect(changes).toEqual([]);
});

it("says what to do by hand when the cipher cannot be put back", async () => {
  const ciphers = controlCipher(socket, 0);
  await ciphers.set("aes-256-gcm", there, never);
  refuse = true;
  await expect(ciphers.restore()).rejects.toMatchObject({
    code: "setting-conflict",
    message: expect.stringContaining("warren cluster set cipher=none"),
  });
});

it("puts the cipher back when it is interrupted while the nodes change", async () => {
  const ciphers = controlCipher(socket, 0);
  const aborter = new AbortController();
  const changing = ciphers.set("aes-256-gcm", () => Promise.resolve(false), aborter.signal);
  aborter.abort();
  await expect(changing).rejects.toThrow();
  await ciphers.restore();
  expect(cipher).toBe("none");
});

it("without a control plane has only the cipher that is there", async () => {
  await presentCipher.set("none", there, never);
  await expect(presentCipher.set("aes-256-gcm", () => Promise.resolve(false), never)).rejects.toThrow(
    "--control-socket",
  );
});
