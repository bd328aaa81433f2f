import { ERROR_CODES } from "@warren/common/errors/codes.ts";

/** docs/errors.md: the table of error codes. */
export function errorReference(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, row]) => `| \`${code}\` | ${row.exit} | ${row.http} | ${row.retryable ? "yes" : "no"} | ${row.meaning} |`,
  );
  return `# Error codes

<!-- Generated from packages/common/src/errors/codes.ts by \`npm run docs\`; a test keeps it fresh. -->

Every error of Warren has one of these codes: in brackets behind the message of a command, as \`error.code\` of the local
API and of \`-o json\`, and as \`warren-code\` in the metadata of a gRPC status. Match on the code, never on the message.
"Again" tells whether the same call may succeed later without anybody changing anything.

| code | exit code | HTTP status | again | meaning |
|---|---|---|---|---|
${rows.join("\n")}
`;
}
