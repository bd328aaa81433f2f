// Only where the pinned Node.js is not installed. In a file of its own, which an old Node.js can parse.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `warren: Node.js ${process.versions.node} is too old; expected 24 or newer. ` +
      "Install Warren again without leaving out optional dependencies: it then brings its own Node.js.",
  );
  process.exit(1);
}
await import("../dist/main.js");
