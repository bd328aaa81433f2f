/** What stands where a mesh has no node. */
export function HowToJoin() {
  return (
    <section aria-labelledby="join-title">
      <h2 id="join-title">No node has joined yet</h2>
      <ol class="steps">
        <li>
          On the host of the control plane, make a token; it is good for one node and one hour:
          <pre>warren token create</pre>
        </li>
        <li>
          On every host that is to be a node, as root, with the address of the control plane:
          <pre>warren join TOKEN@HOST:7443</pre>
        </li>
      </ol>
      <p class="note">Nodes appear here by themselves, a few seconds later.</p>
    </section>
  );
}
