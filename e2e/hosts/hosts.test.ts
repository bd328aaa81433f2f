import { cpSync, existsSync } from "node:fs";
import type { AgentStatus, NodeInfo, PodInfo } from "@warren/common/api/types.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { waitFor } from "../lab/wait-for.ts";
import { describeAsRoot } from "../netns/as-root.ts";
import { Datacenter } from "./datacenter.ts";
import type { Machine } from "./machine.ts";
import { machineState } from "./machine-state.ts";

const PROGRAMS = ["debootstrap", "systemd-nspawn", "setpriv", "git"];
const INSTALL_MS = 25 * 60_000;

/** One story, as README tells it to somebody with three machines; each part goes on where the one before ended. */
describeAsRoot(
  "three machines with systemd, from `git clone` to `warren leave`",
  () => {
    let datacenter: Datacenter;
    let [control, one, two]: Machine[] = [];
    let [controlBefore, oneBefore, twoBefore]: string[][] = [];
    let joinLine: string[] = [];

    beforeAll(async () => {
      datacenter = await Datacenter.create();
      control = await datacenter.add("ctl", "192.0.2.1");
      one = await datacenter.add("one", "192.0.2.11");
      two = await datacenter.add("two", "192.0.2.12");
      [controlBefore, oneBefore, twoBefore] = await Promise.all([control, one, two].map(machineState));
    }, INSTALL_MS);
    afterAll(() => datacenter?.close(), 120_000);

    const status = async (machine: Machine) =>
      JSON.parse(await machine.run("warren", "status", "--from", "agent", "-o", "json")) as AgentStatus;
    const nodes = async () => JSON.parse(await control!.run("warren", "nodes", "-o", "json")) as NodeInfo[];
    const unit = async (machine: Machine, property: string) =>
      (await machine.run("systemctl", "show", "--value", `--property=${property}`, "warren-agent")).trim();
    const token = async () => (await control!.run("warren", "token", "create")).trim();
    const addPod = async (machine: Machine, ...args: string[]) => {
      const [pod] = JSON.parse(`[${await machine.run("warren", "pod", "add", "-o", "json", ...args)}]`) as PodInfo[];
      return pod!;
    };

    it("init makes a control plane under a user of its own, and prints one line to paste", async () => {
      const { stdout } = await control!.try("warren", "init", "--uses", "2");
      expect(stdout).toMatch(/^warren join wrn1\.\S+@192\.0\.2\.1:7443\n$/);
      joinLine = stdout.trim().split(" ");
      expect((await control!.run("ps", "-o", "user=", "-C", "MainThread")).trim()).toBe("warren");
      const again = await control!.run("warren", "init");
      expect(again).toContain("is here already");
    });

    it("join makes each host a node, without another question", async () => {
      for (const machine of [one!, two!]) await machine.run(joinLine[0]!, ...joinLine.slice(1));
      expect((await nodes()).map(({ name, state }) => `${name} ${state}`)).toEqual(["one ready", "two ready"]);
      expect(await unit(one!, "UnitFileState")).toBe("enabled");
      expect(existsSync(one!.path("/etc/warren/agent.yaml"))).toBe(true);
    });

    it("a host that has joined says so, and of which cluster", async () => {
      const { code, stderr } = await one!.try("warren", "join", `${await token()}@192.0.2.1:7443`);
      expect(code).toBe(6);
      expect(stderr).toContain("has joined already");
      expect((await status(one!)).ready).toBe(true);
    });

    it("pods of both hosts reach each other; their programs may serve port 80", async () => {
      const web = await addPod(one!, "web", "--", "python3", "-m", "http.server", "80");
      await addPod(two!, "client");
      const address = web.addresses[0]!;
      await two!.run("warren", "pod", "exec", "client", "--", "ping", "-c", "3", "-W", "2", address);
      const probe = `fetch("http://${address}/").then(({ status }) => console.log(status))`;
      await waitFor("the program in the pod to serve", async () => {
        const { stdout } = await two!.try("warren", "pod", "exec", "client", "--", "node", "-e", probe);
        return stdout.trim() === "200";
      });
      // The pod's name in the machine's mounts, though its agent has mounts of its own.
      expect(await one!.run("ip", "netns", "list")).toContain(web.netns.split("/").at(-1));
    });

    it("warren test finds nothing wrong, under the limits of the unit", async () => {
      const { code, stdout, stderr } = await one!.try("warren", "test");
      expect(`${stdout}${stderr}`).toContain("pass");
      expect(code).toBe(0);
    });

    it("a restart of the unit keeps pods and their programs", async () => {
      const before = (await one!.run("pgrep", "-f", "http.server 80")).trim();
      await one!.run("systemctl", "restart", "warren-agent");
      expect((await one!.run("pgrep", "-f", "http.server 80")).trim()).toBe(before);
      expect((await status(one!)).pods).toBe(1);
    });

    it("a reload changes the level of the log, and nothing else", async () => {
      const main = await unit(one!, "MainPID");
      await one!.run("sh", "-c", "echo 'log-level: debug' >> /etc/warren/agent.yaml");
      await one!.run("systemctl", "reload", "warren-agent");
      expect(await one!.run("journalctl", "--unit=warren-agent", "--output=cat")).toMatch(/log-level.*debug/);
      expect(await unit(one!, "MainPID")).toBe(main);
    });

    it("an agent that hangs is killed and started again by systemd, and its pods go on", async () => {
      const drop = "/etc/systemd/system/warren-agent.service.d";
      await one!.run("sh", "-c", `mkdir ${drop} && printf '[Service]\\nWatchdogSec=3\\n' > ${drop}/quick.conf`);
      await one!.run("systemctl", "daemon-reload");
      await one!.run("systemctl", "restart", "warren-agent");
      const [main, program] = [await unit(one!, "MainPID"), await one!.run("pgrep", "-f", "http.server 80")];
      await one!.run("kill", "-STOP", main);
      await waitFor("systemd to start it again", async () => (await unit(one!, "NRestarts")) === "1", {
        timeoutMs: 60_000,
      });
      await waitFor("the new agent", async () => (await status(one!)).ready, { timeoutMs: 60_000 });
      expect(await one!.run("pgrep", "-f", "http.server 80")).toBe(program);
    });

    it("a machine whose plug was pulled is a node again after it boots, with the same pod CIDR and pods", async () => {
      const before = (await status(two!)).node;
      await two!.powerOff();
      await two!.boot();
      const after = await waitFor("the node", async () => {
        const now = await status(two!);
        return now.ready && now.node;
      });
      expect(after.podCidrs).toEqual(before.podCidrs);
      const pods = JSON.parse(await two!.run("warren", "pod", "list", "-o", "json")) as PodInfo[];
      expect(pods.map((pod) => pod.name)).toEqual(["client"]);
    });

    it("leave refuses while there are pods, and then leaves no trace, here and in the cluster", async () => {
      const refused = await one!.try("warren", "leave");
      expect(refused.code).toBe(6);
      expect(refused.stderr).toContain("--delete-pods");
      expect((await status(one!)).ready).toBe(true);
      const said = await one!.run("warren", "leave", "--delete-pods");
      expect(said).toContain("deleted pod default/web");
      expect(await machineState(one!)).toEqual(oneBefore);
      expect((await nodes()).map(({ name }) => name)).toEqual(["two"]);
    });

    it("a join whose agent does not start says why, and is undone", async () => {
      await one!.run(
        "systemd-run",
        "--quiet",
        "--unit=holder",
        "node",
        "-e",
        'require("dgram").createSocket("udp4").bind(4789, "192.0.2.11")',
      );
      await waitFor("the port to be taken", async () => (await one!.run("ss", "-Hlun", "sport = :4789")) !== "");
      const { code, stderr } = await one!.try("warren", "join", `${await token()}@192.0.2.1:7443`);
      expect(code).toBe(1);
      expect(stderr).toContain("[port-in-use]");
      expect(stderr).toContain("undoing what it did");
      await one!.run("systemctl", "stop", "holder");
      expect(await machineState(one!)).toEqual(oneBefore);
      expect((await nodes()).map(({ name }) => name)).toEqual(["two"]);
      await one!.run("warren", "join", `${await token()}@192.0.2.1:7443`);
    });

    it("a join that is interrupted is undone", async () => {
      // The unit waits for one that never ends.
      const drop = "/etc/systemd/system/warren-agent.service.d";
      await one!.run("warren", "leave");
      await one!.run(
        "sh",
        "-c",
        `mkdir ${drop} && printf '[Service]\\nExecStartPre=sleep 1000\\n' > ${drop}/slow.conf`,
      );
      const line = `${await token()}@192.0.2.1:7443`;
      await one!.run("systemd-run", "--quiet", "--collect", "--unit=joining", "/opt/warren/warren", "join", line);
      await waitFor("the unit to be started", async () => (await unit(one!, "ActiveState")) === "activating");
      await one!.run("systemctl", "kill", "--kill-whom=main", "--signal=INT", "joining");
      await waitFor("the end of the join", async () => {
        const { stdout } = await one!.try("systemctl", "is-active", "joining");
        return stdout.trim() !== "active";
      });
      expect(await machineState(one!)).toEqual(oneBefore);
      expect((await nodes()).map(({ name }) => name)).toEqual(["two"]);
      await one!.run("warren", "join", `${await token()}@192.0.2.1:7443`);
    });

    it("an agent that was killed is left from, without another trace", async () => {
      await addPod(one!, "idle");
      await one!.run("warren", "dataplane", "set", "kernel");
      await one!.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "warren-agent");
      await one!.run("systemctl", "stop", "warren-agent");
      await one!.run("warren", "leave", "--delete-pods");
      expect(await machineState(one!)).toEqual(oneBefore);
      expect((await nodes()).map(({ name }) => name)).toEqual(["two"]);
    });

    it("a copy of a node is left from, and the node keeps what is its own", async () => {
      for (const path of ["/etc/warren", "/etc/systemd/system/warren-agent.service", "/var/lib/warren/agent"])
        cpSync(two!.path(path), one!.path(path), { recursive: true });
      await one!.run("systemctl", "daemon-reload");
      await one!.run("systemctl", "enable", "warren-agent");
      await one!.run("systemctl", "start", "--no-block", "warren-agent");
      const log = () => one!.run("journalctl", "--unit=warren-agent", "--output=cat", "--lines=20");
      await waitFor("the copy to wait", async () => (await log()).includes("identity is in use, waiting"));
      const { code, stderr } = await one!.try("warren", "leave", "--force", "--delete-pods");
      expect(stderr).toContain("another host has this node's identity");
      expect(code).toBe(0);
      expect(await machineState(one!)).toEqual(oneBefore);
      expect((await nodes()).map(({ name, state }) => `${name} ${state}`)).toEqual(["two ready"]);
      expect(await status(two!)).toMatchObject({ ready: true, pods: 1 });
    });

    it("without the control plane a leave is refused, or forced, and says what is kept", async () => {
      await control!.run("systemctl", "stop", "warren-control");
      await two!.run("warren", "pod", "del", "client");
      const refused = await two!.try("warren", "leave");
      expect(refused.code).toBe(4);
      expect((await status(two!)).node.name).toBe("two");
      const { code, stderr } = await two!.try("warren", "leave", "--force");
      expect(code).toBe(0);
      expect(stderr).toContain("keeps the lease");
      expect(await machineState(two!)).toEqual(twoBefore);
    });

    it("init --remove asks first, and then leaves no trace either", async () => {
      await control!.run("systemctl", "start", "warren-control");
      expect((await control!.try("warren", "init", "--remove")).code).toBe(2);
      await control!.run("warren", "init", "--remove", "--yes");
      expect(await machineState(control!)).toEqual(controlBefore);
    });
  },
  PROGRAMS,
);
