import { describe, expect, test } from "vitest";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";

describe("parseEndpoint", () => {
  test.each([
    ["1.2.3.4:7443", "1.2.3.4", 7443],
    ["[::1]:7443", "::1", 7443],
    ["[FD00:0::1]:1", "fd00::1", 1],
    ["[::ffff:10.0.0.1]:1", "10.0.0.1", 1],
    ["Control.example:65535", "control.example", 65535],
    ["localhost:80", "localhost", 80],
    ["node-1_a:80", "node-1_a", 80],
    ["1password.example:80", "1password.example", 80],
  ])("reads %s", (text, host, port) => {
    expect(parseEndpoint(text)).toEqual({ host, port });
    expect(parseEndpoint(formatEndpoint({ host, port }))).toEqual({ host, port });
  });

  test.each([
    "1.2.3.4",
    "::1:7443",
    "[::1]",
    "[1.2.3.4]:80",
    "[host]:80",
    ":80",
    "host:",
    "host:0",
    "host:65536",
    "host:+80",
    "host: 80",
    "http://host:80",
    "-host:80",
    "a..b:80",
    "10.1:80", // the resolver would read it as 10.0.0.1
    "010.0.0.1:80",
    "0x7f.1:80",
    "host.0x7f:80",
    `${"a".repeat(64)}:80`,
    "[fe80::1%eth0]:80",
  ])("refuses %j", (text) => {
    expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: "address-invalid" }));
  });

  test("allows port 0 only for listening", () => {
    expect(parseEndpoint("127.0.0.1:0", { listen: true })).toEqual({ host: "127.0.0.1", port: 0 });
    expect(() => parseEndpoint("127.0.0.1:0")).toThrow(/port 1-65535/);
  });
});
