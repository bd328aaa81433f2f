import { type Cipher, SEALED_PORT } from "@warren/common/net/cipher.ts";
import type { Lab } from "../lab/lab.ts";
import type { LabPod } from "../lab/pod.ts";

/** What to type into a shell while the mesh of `--keep` is up. */
export function lookAround(lab: Lab, pods: readonly LabPod[], cipher: Cipher): string[] {
  const [port, what] = cipher === "none" ? [4789, "the VXLAN packets"] : [SEALED_PORT, "the sealed packets"];
  const control = lab.controlPlane.runDir;
  const agent = lab.agent(1).runDir;
  const [from] = pods as [LabPod];
  const to = pods.find((pod) => pod.hostNumber !== from.hostNumber) ?? pods.at(-1)!;
  const commands: [string, string][] = [
    [`./warren nodes --run-dir ${control}`, "who is in the mesh"],
    [`./warren ipam --run-dir ${control}`, "which pod CIDR each node has"],
    [`./warren status --run-dir ${agent}`, "one node: netmap, packets, drops by reason"],
    [`./warren peers --run-dir ${agent}`, "its peers: cipher, session, traffic"],
    [`./warren pod list --run-dir ${agent} -o wide`, "its pods"],
    [`./warren pod exec ${from.name} --run-dir ${agent} -- ping -c 3 ${to.address()}`, "from pod to pod"],
    [`nsenter --net=/run/netns/${lab.host(1).netns} tcpdump -ni eth0 udp port ${port}`, what],
    [`tail -f ${lab.agent(1).logFile}`, "the agent's log"],
    [`npm run demo -- --down${lab.name === "demo" ? "" : ` --name ${lab.name}`}`, "remove it all"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  return commands.map(([command, why]) => `  ${command.padEnd(width)}   # ${why}`);
}
