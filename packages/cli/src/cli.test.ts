import { expect, test } from "vitest";
import { runWarren } from "./testing/run-warren.ts";

test.each([
  [["pod", "lst"], 'unknown command "warren pod lst"; did you mean "list"?'],
  [["pdo"], 'unknown command "pdo"; did you mean "pod"?'],
  [["frobnicate"], 'unknown command "frobnicate"; expected one of init, join, leave, control, agent, token, '],
  [["pod"], "expected one of add, exec, del, list after `warren pod`"],
  [["nodes", "rvoke", "a"], 'unknown command "warren nodes rvoke"; did you mean "revoke"?'],
  [["pod", "list", "--nmespace", "x"], "unknown flag --nmespace; did you mean --namespace?"],
  [["status", "--colour"], "unknown flag --colour; see `warren status --help`"],
  [["pod", "add"], "NAME is missing (name of the pod); see `warren pod add --help`"],
  [["pod", "add", "a", "b"], "too many arguments for `warren pod add`; a program to run stands behind --: "],
  [["pod", "list", "-o", "xml"], '--output: expected one of table, wide, json, yaml, got "xml"'],
  [["pod", "list", "-o"], "--output needs a value"],
  [["completion", "csh"], 'SHELL: expected one of bash, zsh, fish, got "csh"'],
  [["pod", "exec", "web"], "expected a program behind --: warren pod exec web -- ping"],
  [["status", "--", "ls"], "warren status takes no program behind --"],
  [["token", "create", "--uses", "0"], '--uses: expected a whole number from 1 to 1000000, got "0"'],
  [["token", "create", "--ttl", "soon"], '--ttl: expected a length of time such as 90s, 30m, 1h or 24h, got "soon"'],
  [["pod", "add", "web", "-l", "app"], '--label: expected key=value such as app=web, got "app"'],
  [["pod", "add", "web", "-l", "a=1", "-l", "a=2"], "--label: a is given twice"],
  [["peer", "add", "x", "--underlay", "10.0.0.1"], "--vtep-mac is required: --vtep-mac MAC"],
  [["peer", "add", "x", "--endpoint", "10.0.0.1:51820"], "--public-key is required: --public-key BASE64"],
  [["peer", "add", "x", "--public-key", "k", "--endpoint", "e"], "--allowed-ips is required: --allowed-ips CIDR"],
  [
    ["peer", "add", "x", "--public-key", "k", "--port", "1"],
    "--public-key is of a WireGuard peer and --port of a VXLAN",
  ],
  [["peer", "add", "x"], "expected --underlay, --vtep-mac and --pod-cidr for a VXLAN peer, or --public-key, "],
  [["peers", "set", "x", "chacha20"], '"chacha20" sets nothing; expected SETTING=VALUE, such as cipher='],
  [["peers", "set", "x", "ciper=default"], '"ciper" is no setting of a peer; did you mean "cipher"?'],
  [["peers", "ste", "x", "cipher=default"], 'unknown command "warren peers ste"; did you mean "set"?'],
  [["peer", "config", "x", "--keepalive", "0"], "--keepalive: expected a whole number from 1 to 65535"],
  [["keys"], "expected one of show, rotate after `warren keys`"],
  [["keys", "rotat"], 'unknown command "warren keys rotat"; did you mean "rotate"?'],
  [["control", "--cipher", "aes"], '--cipher: expected one of none, chacha20-poly1305, aes-256-gcm, got "aes"'],
  [["config", "print", "control", "--token", "x"], "--token is no flag of `warren control`"],
])("%j is one line that says what is wrong and what was expected, exit code 2", async (argv, message) => {
  const { code, stdout, stderr } = await runWarren(argv);
  expect(stderr).toContain(`warren: ${message}`);
  expect(stderr).toMatch(/^warren: [^\n]+ \[usage\]\n$/);
  expect(stdout).toBe("");
  expect(code).toBe(2);
});

test("with -o json an error is JSON too, even when the command line itself is wrong", async () => {
  for (const argv of [
    ["pod", "list", "--bogus", "-o", "json"],
    ["nodes", "--from", "moon", "--output=json"],
  ]) {
    const { code, stderr } = await runWarren(argv);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "usage" } });
    expect(code).toBe(2);
  }
});

test("where nobody runs, the error says how to start one, exit code 4", async () => {
  const nowhere = "/nonexistent/warren";
  const pods = await runWarren(["pod", "list", "--run-dir", nowhere]);
  expect(pods.stderr).toBe(
    `warren: no agent answers at ${nowhere}; start one with \`warren agent --run-dir ${nowhere} …\`, or name its directory with --run-dir [unavailable]\n`,
  );
  const status = await runWarren(["status"], { WARREN_RUN_DIR: nowhere });
  expect(status.stderr).toContain(`no agent or control plane answers at ${nowhere}`);
  expect([pods.code, status.code]).toEqual([4, 4]);
});

test("help of a command is the same three ways, on standard output, exit code 0", async () => {
  const flag = await runWarren(["pod", "add", "--help"]);
  expect(await runWarren(["help", "pod", "add"])).toEqual(flag);
  expect(await runWarren(["pod", "add", "-h"])).toEqual(flag);
  expect(flag.code).toBe(0);
  expect(flag.stdout).toContain("warren pod add NAME [flags] [-- PROGRAM [ARG…]]");
  expect(flag.stdout).toContain("warren pod add web -- python3 -m http.server 80");
});

test("warren alone shows every command, exit code 0", async () => {
  const { code, stdout } = await runWarren([]);
  expect(code).toBe(0);
  for (const word of ["control", "agent", "pod", "doctor", "completion"]) expect(stdout).toContain(`  ${word} `);
});

test("the version is printed by a flag and by a command", async () => {
  expect((await runWarren(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { stdout } = await runWarren(["version", "-o", "json"]);
  expect(JSON.parse(stdout)).toMatchObject({ protocol: 1, node: process.version });
});

test("configuration is shown with the origin of each value, secrets masked", async () => {
  const argv = ["config", "print", "agent", "--control", "c:7443", "--underlay", "192.0.2.1", "-o", "json"];
  const { code, stdout } = await runWarren(argv, { WARREN_TOKEN: "wrn1.a.b.hunter2", WARREN_NAME: "n1" });
  expect(code).toBe(0);
  expect(stdout).not.toContain("hunter2");
  expect(JSON.parse(stdout)).toMatchObject({
    control: { value: "c:7443", source: "flag", where: "--control" },
    token: { value: "(secret)", source: "env" },
    name: { value: "n1", where: "WARREN_NAME" },
    "run-dir": { source: "default" },
  });
});
